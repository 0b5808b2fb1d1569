import type { Envelope } from '../keyring/envelope.ts'
import type { PolicyMac } from '../keyring/policy-mac.ts'
import { macCoveredRows } from '../store/rows/mac-covered-rows.ts'
import { pickMaterial } from '../store/rows/wrapped-rows.ts'
import type { Queryable } from '../store/sql.ts'
import { BackupError } from './contents.ts'

/** Most material to unwrap for each root key. An HSM takes some time for each. */
const sampleSize = 100

/** Parts of the check. */
export interface CheckParts {
  readonly envelope: Envelope
  readonly policyMac: PolicyMac
  /** The root keys of which a sample is opened. */
  readonly rootKeyIds: readonly string[]
}

/**
 * Checks what was put back before it counts: every MAC, and that the root keys open the material.
 *
 * @throws BackupError that names the first row that does not verify
 */
export async function checkRestored(tx: Queryable, parts: CheckParts): Promise<{ opened: number }> {
  const { policyMac } = parts
  const rows = macCoveredRows(tx)
  await requireAuthentic('key', rows.keys(), policyMac.isAuthenticKey)
  await requireAuthentic('key version', rows.versions(), policyMac.isAuthenticVersion)
  await requireAuthentic('deleted key', rows.deletedKeys(), policyMac.isAuthenticDeletedKey)
  await requireAuthentic('import parameters', rows.importParameters(), policyMac.isAuthenticImport)
  await requireAuthentic('role bindings', rows.projectRoles(), policyMac.isAuthenticProjectRoles)
  return { opened: await openSample(tx, parts) }
}

async function requireAuthentic<Row extends { readonly id: string }>(
  what: string,
  pages: AsyncIterable<readonly Row[]>,
  isAuthentic: (row: Row) => boolean,
): Promise<void> {
  for await (const page of pages) {
    const forged = page.find((row) => !isAuthentic(row))
    if (forged === undefined) continue
    throw new BackupError(
      `Nothing was restored: the ${what} ${forged.id} in the backup does not verify. It had been changed in the database, by something else than Keystead, before the backup was made.`,
    )
  }
}

async function openSample(tx: Queryable, { envelope, rootKeyIds }: CheckParts): Promise<number> {
  let opened = 0
  for (const rootKeyId of rootKeyIds) {
    for (const row of await pickMaterial(tx, { rootKeyId, max: sampleSize })) {
      const plain = await envelope.unwrapPlaintextMaterial(row, row).catch((error: Error) => {
        throw new BackupError(
          `Nothing was restored: the material of version ${row.versionNumber} of the key ${row.keyId} does not open (${error.message}).`,
        )
      })
      plain.fill(0)
      opened++
    }
  }
  return opened
}
