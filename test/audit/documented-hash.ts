import { createHash } from 'node:crypto'
import { TypeID } from 'typeid-js'

/** A line of an export, as far as docs/audit.md needs it for the hash. */
export interface ExportedLine {
  readonly id: string
  readonly projectId: string
  readonly occurredAt: string
  readonly action: string
  readonly outcome: string
  readonly errorCode: string | null
  readonly actor: string
  readonly tokenId: string | null
  readonly clientAddress: string | null
  readonly requestId: string
  readonly keyId: string | null
  readonly keyRevision: number | null
  readonly versionNumber: number | null
  readonly details: Readonly<Record<string, string | number | boolean>>
  readonly chain: number | null
  readonly chainId: string
  readonly sequence: number
  readonly previousHash: string
  readonly hash: string
}

/** The text that is hashed, put together by the words of docs/audit.md and nothing of the product. */
export function textOfLine(line: ExportedLine): string {
  const uuid = (id: string) => TypeID.fromString(id).toUUID()
  const names = Object.keys(line.details).sort()
  return JSON.stringify([
    'keystead audit event v1',
    line.previousHash,
    uuid(line.id),
    line.projectId,
    line.occurredAt,
    line.action,
    line.outcome,
    line.errorCode,
    line.actor,
    line.tokenId,
    line.clientAddress,
    line.requestId,
    line.keyId === null ? null : uuid(line.keyId),
    line.keyRevision,
    line.versionNumber,
    Object.fromEntries(names.map((name) => [name, line.details[name]])),
  ])
}

/** Its SHA-256 in hexadecimal. */
export function hashOfLine(line: ExportedLine): string {
  return createHash('sha256').update(textOfLine(line)).digest('hex')
}
