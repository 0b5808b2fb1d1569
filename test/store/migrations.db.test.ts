import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/open-store.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { withDatabase } from '../support/test-store.ts'

describe.skipIf(hasNoDatabase())('migrations', () => {
  it('of a newer release make this one refuse the database', async () => {
    const database = await withDatabase()
    const store = await openStore({ poolSize: 2, migrate: true, ...database })
    await store.db.$executeRaw`INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)
      VALUES ('x', 'x', '99990101000000_future', now())`
    await store.close()
    await expect(openStore({ poolSize: 2, migrate: true, ...database })).rejects.toThrow(
      'newer release of Keystead',
    )
  })

  it('that are pending are refused where they may not be applied', async () => {
    const database = await withDatabase()
    const store = await openStore({ poolSize: 2, migrate: true, ...database })
    await store.db.$executeRaw`DELETE FROM _prisma_migrations`
    await store.close()
    await expect(openStore({ poolSize: 2, migrate: false, ...database })).rejects.toThrow('MIGRATE_ON_START')
  })
})
