import type { Queryable } from '../queryable.ts'
import type { Bytes } from './key-rows.ts'

/** Import parameters without their private key; see prisma/schema.prisma for the meaning of the columns. */
export interface ImportParametersRow {
  readonly id: string
  readonly keyId: string
  readonly publicKey: Uint8Array
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly usedAt: Date | null
  readonly mac: Uint8Array
}

/** A private key under a root key. */
export interface WrappedPrivateKey {
  readonly rootKeyId: string
  readonly wrapped: Uint8Array
}

/** Adds import parameters. */
export async function insertImportParameters(
  tx: Queryable,
  row: ImportParametersRow,
  privateKey: WrappedPrivateKey,
): Promise<void> {
  await tx.importParameters.create({
    data: {
      ...row,
      publicKey: bytes(row.publicKey),
      mac: bytes(row.mac),
      rootKeyId: privateKey.rootKeyId,
      wrapped: bytes(privateKey.wrapped),
    },
  })
}

/** Import parameters of a key, with their private key while it is there; null if the key has none of this ID. */
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
  await tx.importParameters.update({ where: { id }, data: { usedAt, mac: bytes(mac), wrapped: null } })
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

function bytes(value: Uint8Array): Bytes {
  return new Uint8Array(value)
}
