import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { CompactSign } from 'jose'
import { describe, expect, it } from 'vitest'
import { type AuditKeys, createChainMac, firstHash, linkEvents } from '../../src/audit/chain.ts'
import { lineOf } from '../../src/audit/export.ts'
import { newOpaqueUuid, newUuid } from '../../src/ids.ts'
import type { AuditEventRow } from '../../src/store/audit/event-rows.ts'
import { folderForTest, verifyExport } from './sink-trail.ts'

const keys: AuditKeys = {
  chainMac: createChainMac(createSecretKey(Buffer.alloc(32, 7))),
  checkpointKey: generateKeyPairSync('ed25519').privateKey,
  predatesChains: false,
}

/** A chain as an export has it. */
interface ExportedChain {
  readonly id: string
  readonly number: number
  readonly lines: readonly string[]
  readonly hashes: readonly string[]
}

function makeChain(number: number, length: number): ExportedChain {
  const id = newOpaqueUuid()
  const events = Array.from(
    { length },
    (_, index): AuditEventRow => ({
      id: newUuid(),
      projectId: 'shop',
      occurredAt: new Date(Date.UTC(2027, 0, 31, 8, 0, index)),
      action: 'ENCRYPT',
      outcome: 'SUCCEEDED',
      errorCode: null,
      actor: 'user:zoë',
      tokenId: null,
      clientAddress: '192.0.2.7',
      requestId: `request-${index}`,
      keyId: newUuid(),
      keyRevision: null,
      versionNumber: 1,
      details: { 'context.tenant': `t${index}`, 2: true, 10: index },
    }),
  )
  const base = { sequence: 0, hash: firstHash(id) }
  const { links } = linkEvents(base, events)
  const hashes = links.map(({ hash }) => hash)
  const row = { id, number, kind: 'OPERATIONS', startedAt: new Date(0), base, head: base } as const
  const none = new Uint8Array()
  const lines = links.map(({ event, hash }, index) =>
    lineOf(
      {
        ...event,
        chainId: id,
        sequence: index + 1,
        hash: Buffer.from(hash, 'hex'),
        previousHash: index === 0 ? null : Buffer.from(hashes[index - 1] ?? '', 'hex'),
        keyKind: 'USER',
      },
      { ...row, mac: none, headMac: none },
    ),
  )
  return { id, number, lines, hashes }
}

/** A checkpoint of some chains at a number of records each, as the server signs it. */
function sign(
  ends: readonly (readonly [ExportedChain, number])[],
  key = keys.checkpointKey,
  iat = 1_800_000_000,
) {
  const chains = ends.map(([{ id, number, hashes }, sequence]) => ({
    id,
    number,
    kind: 'OPERATIONS',
    sequence,
    hash: hashes[sequence - 1] ?? '00',
  }))
  return new CompactSign(Buffer.from(JSON.stringify({ iat, chains })))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'keystead-checkpoint+jws' })
    .sign(key)
}

const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

/** Verifies files with these contents, in a folder. */
async function verify(files: Readonly<Record<string, string>>, ...args: string[]) {
  const folder = folderForTest()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return verifyExport(keys, folder, ...args)
}

const one = makeChain(3, 12)
const two = makeChain(4, 5)
const all = [...one.lines, ...two.lines]

describe('keystead audit verify-export', () => {
  it('finds nothing in what a sink may have received: in pieces, in any order of files, again and again', async () => {
    const pieces = fc.array(fc.nat({ max: all.length }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 0, max: 7 }), fc.boolean(), async (cuts, back, reverse) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), all.length]
        const files = places.slice(1).map((end, index) => {
          const start = Math.max(0, (places[index] ?? 0) - back)
          return text(all.slice(start, end))
        })
        const named = Object.fromEntries(
          files.map((content, index) => [`${reverse ? 9 - index : index}.jsonl`, content]),
        )
        const { code, printed } = await verify(named)
        expect(printed[0]).toMatch(
          /^2 chains with 17 records( \(\d+ repeats?\))? verified, no problems found\.$/,
        )
        expect(code).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  it('finds each change of each member, and each record that is missing, moved or made up', async () => {
    const place = fc.nat({ max: one.lines.length - 2 })
    const edits: Readonly<Record<string, (at: number) => readonly string[]>> = {
      removed: (at) => all.toSpliced(at, 1),
      swapped: (at) => all.with(at, all[at + 1] ?? '').with(at + 1, all[at] ?? ''),
      'put at the end': (at) => [...all.toSpliced(at, 1), all[at] ?? ''],
      'with another number': (at) =>
        all.with(at, (all[at] ?? '').replace(/"sequence":\d+/, '"sequence":9999')),
      'with the number of its neighbour': (at) =>
        all.with(at, (all[at] ?? '').replace(/"sequence":\d+/, `"sequence":${at + 2}`)),
      'of another chain': (at) => all.with(at, (all[at] ?? '').replaceAll(one.id, two.id)),
      'of a chain with another number': (at) =>
        all.with(at, (all[at] ?? '').replace('"chain":3', '"chain":2')),
      'with a member more': (at) => all.with(at, `{"note":"forged",${(all[at] ?? '').slice(1)}`),
      'not JSON': (at) => all.with(at, (all[at] ?? '').slice(0, -1)),
      'again, changed': (at) => [...all, (all[at] ?? '').replace('user:zoë', 'user:eve')],
      'a copy without a chain hash': (at) =>
        all.with(at, (all[at] ?? '').replace(/"hash":"\w{4}/, '"hash":"0000')),
    }
    for (const [name, edit] of Object.entries(edits)) {
      await fc.assert(
        fc.asyncProperty(place, async (at) => {
          const { code, printed } = await verify({ 'a.jsonl': text(edit(at)) })
          expect({ name, at, code, last: printed.at(-2) }).toMatchObject({
            code: 1,
            last: expect.stringMatching(/^\d+ findings? in /),
          })
        }),
        { numRuns: 4 },
      )
    }
    const record = JSON.parse(all[4] ?? '') as Record<string, unknown>
    for (const name of Object.keys(record)) {
      const other = typeof record[name] === 'number' ? (record[name] as number) + 1 : 'other'
      const changed = JSON.stringify({ ...record, [name]: other })
      expect({ name, ...(await verify({ 'a.jsonl': text(all.with(4, changed)) })) }).toMatchObject({
        name,
        code: 1,
      })
    }
  })

  it('names what it finds', async () => {
    const changed = (one.lines[6] ?? '').replace('user:zoë', 'user:eve')
    const lines = [
      ...one.lines.slice(0, 3),
      ...one.lines.slice(5, 6),
      changed,
      ...one.lines.slice(7),
      ...two.lines,
    ]
    expect((await verify({ 'a.jsonl': text(lines) })).printed).toEqual([
      expect.stringMatching(/^chain 3, record 7 \(audt_\w{26}\) was changed$/),
      'chain 3, records 4 to 5 are missing',
      '2 findings in 2 chains with 15 records.',
      'No checkpoint: nothing signed vouches for these records or shows where they should end.',
    ])
  })

  it('finds with a checkpoint that the end is missing, that a chain is, and that all was made up', async () => {
    const jws = await sign([
      [one, 12],
      [two, 5],
    ])
    const whole = await verify({ 'a.jsonl': text(all), 'deep/b.jws': jws })
    expect(whole).toEqual({
      code: 0,
      printed: [
        '2 chains with 17 records verified, no problems found.',
        '1 checkpoint, the newest of 2027-01-15T08:00:00.000Z, vouch for 17 records; 0 are not covered.',
      ],
    })
    const cut = await verify({ 'a.jsonl': text(all.slice(0, 9)), 'b.jws': jws })
    expect(cut.printed.slice(0, 2)).toEqual([
      'chain 3, records 10 to 12 are missing: the checkpoint of 2027-01-15T08:00:00.000Z knows them',
      'chain 4 is missing: the checkpoint of 2027-01-15T08:00:00.000Z knows it',
    ])
    expect(cut.code).toBe(1)
    const forged = { ...makeChain(3, 12), id: one.id }
    const made = forged.lines.map((line) => line.replaceAll(/"chainId":"[^"]+"/g, `"chainId":"${one.id}"`))
    const replaced = await verify({ 'a.jsonl': text([...made, ...two.lines]), 'b.jws': jws })
    expect(replaced.code).toBe(1)
    expect(replaced.printed).toContain(
      'chain 3, record 12 is not the one that the checkpoint of 2027-01-15T08:00:00.000Z knows',
    )
  })

  it('says how many records no checkpoint covers, and reads checkpoints between the lines', async () => {
    const jws = await sign([[one, 10]])
    const { code, printed } = await verify({
      'a.jsonl': text([...one.lines.slice(0, 11), jws, ...one.lines.slice(11)]),
    })
    expect(code).toBe(0)
    expect(printed[1]).toMatch(/vouch for 10 records; 2 are not covered\.$/)
    const folder = folderForTest()
    writeFileSync(join(folder, 'a.jsonl'), text([...one.lines, jws]))
    expect((await verifyExport(null, folder)).printed[1]).toBe(
      '1 checkpoint not compared: give --public-key.',
    )
  })

  it('accepts no checkpoint of another key', async () => {
    const other = generateKeyPairSync('ed25519').privateKey
    const { code, printed } = await verify({ 'a.jsonl': text(all), 'b.jws': await sign([[one, 12]], other) })
    expect(code).toBe(1)
    expect(printed[0]).toMatch(
      /b\.jws: Not a checkpoint of this installation: its signature does not verify\.$/,
    )
  })

  it('accepts a part of an export only if it is asked to', async () => {
    const files = {
      'a.jsonl': text(one.lines.slice(5)),
      'b.jws': await sign([
        [one, 12],
        [two, 5],
      ]),
    }
    expect((await verify(files)).printed.slice(0, 2)).toEqual([
      'chain 3, records 1 to 5 are missing',
      'chain 4 is missing: the checkpoint of 2027-01-15T08:00:00.000Z knows it',
    ])
    const partial = await verify(files, '--partial')
    expect(partial.code).toBe(0)
    expect(partial.printed[0]).toBe('Of 1 chain that checkpoints know, there is no record here.')
    const gap = await verify({ 'a.jsonl': text(one.lines.slice(5).toSpliced(2, 1)) }, '--partial')
    expect(gap.printed[0]).toBe('chain 3, record 8 is missing')
  })

  it('takes a line that a crash has cut for the end of a file, and finds the record if it never came again', async () => {
    const cut = `${text(one.lines.slice(0, 8))}${(one.lines[8] ?? '').slice(0, 200)}`
    const fine = await verify({ '1.jsonl.open': cut, '2.jsonl': text(one.lines.slice(8)) })
    expect(fine.code).toBe(0)
    expect(fine.printed[0]).toMatch(/1\.jsonl\.open ends within a line, as after a crash\.$/)
    const lost = await verify({ '1.jsonl': cut, '2.jsonl': text(one.lines.slice(9)) })
    expect(lost.printed[0]).toBe('chain 3, record 9 is missing')
    expect(lost.code).toBe(1)
  })

  it('reads the requests of OpenTelemetry that a collector writes into a file', async () => {
    const request = (bodies: readonly string[]) =>
      JSON.stringify({
        resourceLogs: [
          {
            resource: {},
            scopeLogs: [{ logRecords: bodies.map((stringValue) => ({ body: { stringValue } })) }],
          },
        ],
      })
    const jws = await sign([[one, 12]])
    const { code, printed } = await verify({
      'a.jsonl': text([request(one.lines.slice(0, 7)), request([...one.lines.slice(7), jws])]),
    })
    expect(printed).toEqual([
      '1 chain with 12 records verified, no problems found.',
      expect.stringContaining('vouch for 12 records; 0 are not covered.'),
    ])
    expect(code).toBe(0)
  })

  it('says what is wrong where it is used wrongly or cannot read', async () => {
    const folder = folderForTest()
    const file = join(folder, 'a.jsonl')
    writeFileSync(file, text(all))
    const outcomes = [
      await verifyExport(null),
      await verifyExport(null, file, '--checkpoint', file),
      await verifyExport(null, join(folder, 'nowhere')),
      await verifyExport(null, folderForTest()),
      await verifyExport(null, file, '--public-key', file),
    ]
    expect(outcomes.map(({ code }) => code)).toEqual([2, 2, 1, 1, 1])
    expect(outcomes.map(({ printed }) => printed[0])).toEqual([
      'The argument PATH is missing.',
      '--checkpoint needs --public-key.',
      expect.stringMatching(/nowhere cannot be read \(ENOENT\)\.$/),
      'There is no file that ends with .jsonl.',
      expect.stringMatching(
        /is not the public key of checkpoints\. "keystead audit checkpoint --public-key" prints it\.$/,
      ),
    ])
  })
})
