import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exportAudit } from '../../src/audit/export.ts'
import { parseId } from '../../src/ids.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import type { ExportFilter } from '../../src/store/audit/export-rows.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, startStoryForTest } from '../support/story.ts'
import { hashOfLine } from './documented-hash.ts'
import { doAllSorts, openTrail } from './opened-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const leo: Person = { name: 'leo', project: 'bank', roles: ['KMS_MANAGER'] }
const agent: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }
const everything: ExportFilter = { since: null, until: null, projectId: null }

type Line = Parameters<typeof hashOfLine>[0] & Record<string, unknown>

async function withTrail() {
  const story = await startStoryForTest()
  await doAllSorts(story.as(mia), 'shop')
  const { ciphertext } = await story
    .as(agent)
    .mutate('encryptWithServiceKey', { plaintext: base64('x') }, 'ciphertext')
  expect(ciphertext).toBeTypeOf('string')
  story.clock.advance({ days: 1 })
  await doAllSorts(story.as(leo), 'bank')
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return { story, parts }
}

async function linesOf(
  { store, auditKeys }: Dependencies,
  filter: Partial<ExportFilter> = {},
): Promise<Line[]> {
  const lines: Line[] = []
  for await (const page of exportAudit(store.db, { ...everything, ...filter }, auditKeys)) {
    lines.push(...page.map((line) => JSON.parse(line) as Line))
  }
  return lines
}

describe.skipIf(hasNoDatabase())('an export of the audit trail', () => {
  it('has every record once, in the order of its chain, and hashes that anybody can compute', async () => {
    const { parts } = await withTrail()
    const lines = await linesOf(parts)
    expect(lines).toHaveLength(await parts.store.db.auditEvent.count())
    const chains = [...new Set(lines.map(({ chain }) => chain))]
    expect(chains).toEqual([1, 2])
    for (const chain of chains) {
      const own = lines.filter((line) => line.chain === chain)
      expect(own.length).toBeGreaterThan(5)
      expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, index) => index + 1))
      let previous = createHash('sha256')
        .update(JSON.stringify(['keystead audit chain v1', own[0]?.chainId]))
        .digest('hex')
      for (const line of own) {
        expect(line.previousHash).toBe(previous)
        expect(hashOfLine(line)).toBe(line.hash)
        previous = line.hash
      }
    }
  })

  it('names records and keys by their IDs, and times as RFC 3339 has them', async () => {
    const { parts } = await withTrail()
    const lines = await linesOf(parts)
    for (const line of lines) {
      expect(parseId(line.id)?.kind).toBe('auditEvent')
      expect(line.occurredAt).toMatch(/^2026-03-0[12]T12:00:00\.000Z$/)
    }
    const kindOf = (action: string) =>
      new Set(lines.filter((line) => line.action === action).map(({ keyId }) => parseId(keyId ?? '')?.kind))
    expect(kindOf('CREATE_SERVICE_KEY')).toEqual(new Set(['serviceKey']))
    expect(kindOf('ROTATE_KEY')).toEqual(new Set(['userKey']))
    expect(kindOf('DELETE_USER_KEY')).toEqual(new Set(['userKey']))
  })

  it('can be limited to a time and to a project, and its hashes can be computed all the same', async () => {
    const { story, parts } = await withTrail()
    const all = await linesOf(parts)
    const now = story.clock.now()
    const old = await linesOf(parts, { until: now })
    const recent = await linesOf(parts, { since: now })
    const bank = await linesOf(parts, { projectId: 'bank' })
    expect(old.length).toBeGreaterThan(5)
    expect([...old, ...recent].map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort())
    expect(recent.every(({ projectId }) => projectId === 'bank')).toBe(true)
    expect(bank).toEqual(recent)
    expect(await linesOf(parts, { projectId: 'other' })).toEqual([])
    for (const line of bank) expect(hashOfLine(line)).toBe(line.hash)
  })

  it('ends with the records from before there were chains, where there may be some', async () => {
    const { parts } = await withTrail()
    const before = await linesOf(parts)
    const place = { chainId: null, sequence: null, hash: null }
    await parts.store.db.auditEvent.updateMany({ where: { action: 'DELETE_USER_KEY' }, data: place })
    expect(await linesOf(parts)).toHaveLength(before.length - 2)
    const lines = await linesOf({ ...parts, auditKeys: { ...parts.auditKeys, predatesChains: true } })
    expect(lines).toHaveLength(before.length)
    const last = lines.slice(-2)
    expect(last).toMatchObject([1, 2].map(() => ({ action: 'DELETE_USER_KEY', chain: null, hash: null })))
  })
})
