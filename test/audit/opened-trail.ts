import type { Checkpoint } from '../../src/audit/verify/checkpoint.ts'
import { type VerifyReport, verifyAudit } from '../../src/audit/verify/verify.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { type OpenedParts, openParts } from '../../src/open-parts.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { base64, type Client, type Story } from '../support/story.ts'

/** The data of a story as an operator's command opens it; on the embedded database its server must be stopped. */
export async function openTrail(story: Pick<Story, 'config' | 'clock'>): Promise<OpenedParts> {
  const alert = (error: Error) => {
    throw error
  }
  const opened = await openParts(story.config, { prepare: false, clock: story.clock, alert })
  let closing: Promise<void> | null = null
  // Tests close it where a server is to start again, and at their end in any case.
  return {
    ...opened,
    close() {
      closing ??= opened.close()
      return closing
    },
  }
}

/** The texts of what is found, with the IDs of records cut out. */
export async function findingsOf(
  { store, auditKeys }: Dependencies,
  { db = store.db, checkpoint }: { db?: Queryable; checkpoint?: Checkpoint | undefined } = {},
): Promise<string[]> {
  const { findings } = await verifyAudit({ db, chainMac: auditKeys.chainMac, checkpoint })
  return findings.map(({ text }) => text.replace(/ \(audt_\w{26}\)/, ''))
}

/** Everything that is found in a story whose server is stopped, and what was looked at. */
export async function verifyStory(story: Pick<Story, 'config' | 'clock'>): Promise<VerifyReport> {
  const { parts, close } = await openTrail(story)
  try {
    return await verifyAudit({ db: parts.store.db, chainMac: parts.auditKeys.chainMac })
  } finally {
    await close()
  }
}

class Undone extends Error {}

/** What is found after some statements of somebody beside the server; afterwards all is as it was before. */
export async function findingsAfter(
  parts: Dependencies,
  statements: readonly string[],
  checkpoint?: Checkpoint,
): Promise<string[]> {
  let findings: string[] = []
  await parts.store
    .transaction(async (tx) => {
      for (const sql of statements) await tx.$executeRawUnsafe(sql)
      findings = await findingsOf(parts, { db: tx, checkpoint })
      throw new Undone()
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error
    })
  return findings
}

/** Keys that were made by {@link doAllSorts}. */
export interface MadeKeys {
  /** Has been rotated, and its version 1 deactivated. */
  readonly changed: string
  readonly deleted: string
}

/** Changes, operations and refusals, one after the other. */
export async function doAllSorts(client: Client, name: string): Promise<MadeKeys> {
  const create = async (input: object): Promise<string> =>
    (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  const changed = await create({ name: `${name}-changed` })
  for (let turn = 0; turn < 3; turn++) {
    await client.mutate('encrypt', { key: changed, plaintext: base64(`${turn}`) })
  }
  await client.mutate('decrypt', { ciphertext: base64('nonsense') })
  await client.mutate('rotateUserKey', { key: changed })
  await client.mutate('deactivateKeyVersion', { version: { key: changed, number: 1 } })
  await client.mutate('createUserKey', { name: `${name}-changed` })
  const deleted = await create({ name: `${name}-deleted`, preActivation: true })
  await client.mutate('deleteUserKey', { key: deleted, confirmName: `${name}-deleted` })
  return { changed, deleted }
}
