import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeEvent, firstHash, hashOf } from '../../src/audit/chain.ts'
import { parseId } from '../../src/ids.ts'
import type { AuditEventRow } from '../../src/store/audit/event-rows.ts'
import { type ExportedLine, hashOfLine, textOfLine } from './documented-hash.ts'

const document = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8')
const blockOf = (language: string) => document.match(new RegExp(`\`\`\`${language}\n(.+)\n\`\`\``))?.[1] ?? ''
const line = JSON.parse(blockOf('json')) as ExportedLine
const text = blockOf('text')

describe('the example in docs/audit.md', () => {
  it('has the hashes that its own words lead to', () => {
    expect(textOfLine(line)).toBe(text)
    expect(hashOfLine(line)).toBe(line.hash)
    const first = createHash('sha256').update(JSON.stringify(['keystead audit chain v1', line.chainId]))
    expect(line.previousHash).toBe(first.digest('hex'))
  })

  it('has the hashes that the server computes', () => {
    const uuidOf = (id: string | null) => parseId(id ?? '')?.uuid ?? null
    const event: AuditEventRow = {
      ...line,
      id: uuidOf(line.id) ?? '',
      outcome: 'SUCCEEDED',
      occurredAt: new Date(line.occurredAt),
      keyId: uuidOf(line.keyId),
    }
    expect(line.outcome).toBe(event.outcome)
    const previous = firstHash(line.chainId)
    expect(Buffer.from(previous).toString('hex')).toBe(line.previousHash)
    expect(encodeEvent(previous, event)).toBe(text)
    expect(Buffer.from(hashOf(previous, event)).toString('hex')).toBe(line.hash)
  })
})
