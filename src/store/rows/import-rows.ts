import type { ImportParameters } from '../generated/client.ts'
import { insertRows, type Queryable, type RowOf, type Table } from '../sql.ts'

/** Import parameters without their private key; prisma/schema.prisma describes the columns. */
export type ImportParametersRow = Omit<RowOf<ImportParameters>, 'rootKeyId' | 'wrapped'>

/** Private key under a root key. */
export interface WrappedPrivateKey {
  readonly rootKeyId: string
  readonly wrapped: Uint8Array
}

/** Columns of import parameters, with their private key. */
export const importParametersTable: Table<RowOf<ImportParameters>> = {
  name: 'import_parameters',
  columns: {
    id: 'id',
    keyId: 'key_id',
    publicKey: 'public_key',
    createdAt: 'created_at',
    expiresAt: 'expires_at',
    usedAt: 'used_at',
    rootKeyId: 'root_key_id',
    wrapped: 'wrapped',
    mac: 'mac',
  },
}

/** Inserts import parameters. */
export async function insertImportParameters(
  tx: Queryable,
  row: ImportParametersRow,
  { rootKeyId, wrapped }: WrappedPrivateKey,
): Promise<void> {
  await insertRows(tx, importParametersTable, [{ ...row, rootKeyId, wrapped }])
}

/** Import parameters of a key, with their private key until it is erased; null if the key has none with this ID. */
export async function findImportParameters(
  db: Queryable,
  where: { keyId: string; id: string },
): Promise<{ row: ImportParametersRow; privateKey: WrappedPrivateKey | null } | null> {
  const found = await db.importParameters.findFirst({ where })
  if (found === null) return null
  const { rootKeyId, wrapped, ...row } = found
  return { row, privateKey: wrapped === null ? null : { rootKeyId, wrapped } }
}

/** Marks import parameters as used, and erases their private key. */
export async function useImportParameters(
  tx: Queryable,
  { id, usedAt, mac }: Pick<ImportParametersRow, 'id' | 'usedAt' | 'mac'>,
): Promise<void> {
  await tx.importParameters.update({
    where: { id },
    data: { usedAt, mac: new Uint8Array(mac), wrapped: null },
  })
}

/** Removes all import parameters of a key but the newest. */
export async function keepNewestImports(tx: Queryable, keyId: string, count: number): Promise<void> {
  await tx.$executeRaw`DELETE FROM import_parameters WHERE key_id = ${keyId}::uuid AND id NOT IN (
    SELECT id FROM import_parameters WHERE key_id = ${keyId}::uuid ORDER BY created_at DESC, id DESC LIMIT ${count}::int)`
}

/** Erases the private keys of import parameters that have expired, and removes those that expired long ago. */
export async function sweepImportParameters(
  db: Queryable,
  { now, forgetBefore }: { now: Date; forgetBefore: Date },
): Promise<void> {
  await db.importParameters.updateMany({
    where: { expiresAt: { lte: now }, wrapped: { not: null } },
    data: { wrapped: null },
  })
  await db.importParameters.deleteMany({ where: { expiresAt: { lte: forgetBefore } } })
}
