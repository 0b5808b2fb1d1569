import type { Queryable } from '../../src/store/sql.ts'

/** Adds a row to the smallest table. */
export async function insertInstallation(db: Queryable, id: number): Promise<void> {
  await db.installation.create({
    data: { id, rootKeyId: 'x', wrappedSecret: new Uint8Array(4), createdAt: new Date() },
  })
}
