import type { Queryable } from '../sql.ts'

/** The installation secret, wrapped by a root key. */
export interface InstallationRow {
  readonly rootKeyId: string
  readonly wrappedSecret: Uint8Array
  readonly createdAt: Date
}

/** The one row, or null in a new database. */
export async function findInstallation(db: Queryable): Promise<InstallationRow | null> {
  return db.installation.findUnique({ where: { id: 1 } })
}

/** Inserts the row unless it exists. */
export async function createInstallation(db: Queryable, row: InstallationRow): Promise<void> {
  const { rootKeyId, wrappedSecret, createdAt } = row
  await db.installation.createMany({
    data: [{ id: 1, rootKeyId, wrappedSecret: new Uint8Array(wrappedSecret), createdAt }],
    skipDuplicates: true,
  })
}

/** ID of the root key in use, which stays in use until the transaction ends. */
export async function lockRootKeyId(tx: Queryable): Promise<string> {
  const [row] = await tx.$queryRaw<{ rootKeyId: string }[]>`
    SELECT root_key_id AS "rootKeyId" FROM installation WHERE id = 1 FOR SHARE`
  if (row === undefined) throw new TypeError('a server in use has an installation row')
  return row.rootKeyId
}

/** Locks and reads the row. Until the transaction ends, others cannot change it and wait before they store material. */
export async function lockInstallation(tx: Queryable): Promise<InstallationRow> {
  await tx.$queryRaw`SELECT id FROM installation WHERE id = 1 FOR UPDATE`
  const row = await findInstallation(tx)
  if (row === null) throw new TypeError('a server in use has an installation row')
  return row
}

/** Stores the installation secret under another root key, in the transaction that locked the row. */
export async function updateInstallation(
  tx: Queryable,
  { rootKeyId, wrappedSecret }: Pick<InstallationRow, 'rootKeyId' | 'wrappedSecret'>,
): Promise<void> {
  await tx.installation.update({
    where: { id: 1 },
    data: { rootKeyId, wrappedSecret: new Uint8Array(wrappedSecret) },
  })
}
