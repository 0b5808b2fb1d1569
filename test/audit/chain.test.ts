import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEvent, firstHash, hashOf, linkEvents } from '../../src/audit/chain.ts'
import type { AuditEventRow } from '../../src/store/audit/event-rows.ts'

const text = fc.string({ unit: 'binary', maxLength: 12 })
const optionalText = fc.option(text)
const optionalNumber = fc.option(fc.nat())
const events: fc.Arbitrary<AuditEventRow> = fc.record({
  id: fc.uuid(),
  projectId: text,
  occurredAt: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
  action: text,
  outcome: fc.constantFrom('SUCCEEDED', 'DENIED', 'FAILED'),
  errorCode: optionalText,
  actor: text,
  tokenId: optionalText,
  clientAddress: optionalText,
  requestId: text,
  keyId: fc.option(fc.uuid()),
  keyRevision: optionalNumber,
  versionNumber: optionalNumber,
  details: fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(text, fc.integer(), fc.boolean())),
})
const start = { sequence: 0, hash: firstHash('00000000-0000-4000-8000-000000000000') }
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('the encoding of an event', () => {
  it('is JSON from which the event can be read again, with nothing left out', () => {
    fc.assert(
      fc.property(events, (event) => {
        const [label, previous, ...values] = JSON.parse(encodeEvent(start.hash, event)) as unknown[]
        expect([label, previous]).toEqual(['keystead audit event v1', hex(start.hash)])
        expect(values).toEqual([
          event.id,
          event.projectId,
          event.occurredAt.toISOString(),
          event.action,
          event.outcome,
          event.errorCode,
          event.actor,
          event.tokenId,
          event.clientAddress,
          event.requestId,
          event.keyId,
          event.keyRevision,
          event.versionNumber,
          { ...event.details },
        ])
      }),
    )
  })

  it('does not depend on the order in which the details were given', () => {
    fc.assert(
      fc.property(events, (event) => {
        const details = Object.fromEntries(Object.entries(event.details).reverse())
        expect(encodeEvent(start.hash, { ...event, details })).toBe(encodeEvent(start.hash, event))
      }),
    )
  })

  it('sorts the details by name, also names that look like numbers', () => {
    const event = { ...sample, details: { 10: true, 9: true, b: 1, a: 'x' } }
    expect(encodeEvent(start.hash, event)).toMatch(/,\{"10":true,"9":true,"a":"x","b":1\}\]$/)
  })
})

describe('a chain of events', () => {
  it('ends with another hash if any of its events is changed, left out or moved', () => {
    const chains = fc.uniqueArray(events, { minLength: 2, maxLength: 6, selector: ({ id }) => id })
    fc.assert(
      fc.property(chains, fc.nat(), (chain, pick) => {
        const index = pick % chain.length
        const end = hex(linkEvents(start, chain).head.hash)
        const changed = chain.with(index, { ...(chain[index] ?? sample), actor: 'user:somebody else' })
        const shorter = chain.toSpliced(index, 1)
        const moved = [...shorter.slice(0, index + 1), chain[index] ?? sample, ...shorter.slice(index + 1)]
        expect(hex(linkEvents(start, changed).head.hash)).not.toBe(end)
        expect(hex(linkEvents(start, shorter).head.hash)).not.toBe(end)
        if (index < chain.length - 1) expect(hex(linkEvents(start, moved).head.hash)).not.toBe(end)
      }),
    )
  })

  it('is the same whether its events come one by one or all at once', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 5 }), (chain) => {
        const oneByOne = chain.reduce((head, event) => linkEvents(head, [event]).head, start)
        expect(linkEvents(start, chain).head).toEqual(oneByOne)
        expect(oneByOne.sequence).toBe(chain.length)
      }),
    )
  })

  it('begins differently in each chain', () => {
    const other = firstHash('00000000-0000-4000-8000-000000000001')
    expect(hex(hashOf(other, sample))).not.toBe(hex(hashOf(start.hash, sample)))
  })

  it('is hashed with SHA-256 over the text as UTF-8', () => {
    const event = { ...sample, actor: 'user:zoë' }
    const expected = createHash('sha256').update(Buffer.from(encodeEvent(start.hash, event), 'utf8'))
    expect(hex(hashOf(start.hash, event))).toBe(expected.digest('hex'))
  })
})

const sample: AuditEventRow = {
  id: '01970000-0000-7000-8000-000000000000',
  projectId: 'shop',
  occurredAt: new Date('2027-01-31T08:00:00.000Z'),
  action: 'ENCRYPT',
  outcome: 'SUCCEEDED',
  errorCode: null,
  actor: 'user:mia',
  tokenId: null,
  clientAddress: null,
  requestId: 'request-1',
  keyId: null,
  keyRevision: null,
  versionNumber: null,
  details: {},
}
