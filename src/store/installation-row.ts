import type { Queryable } from './store.ts'

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

/** Stores the row unless one is there already. */
export async function createInstallation(db: Queryable, row: InstallationRow): Promise<void> {
  const { rootKeyId, wrappedSecret, createdAt } = row
  await db.installation.createMany({
    data: [{ id: 1, rootKeyId, wrappedSecret: new Uint8Array(wrappedSecret), createdAt }],
    skipDuplicates: true,
  })
}
