import { describe, expect, it } from 'vitest'
import type { Queryable } from '../../src/store/sql.ts'
import { sentTogether } from '../../src/store/together.ts'
import { startProxy } from '../support/cuttable-proxy.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

/** A store whose database is far away, and a table in it that tells in which order statements came. */
async function openFarAway() {
  const database = await withDatabase()
  const proxy = await startProxy(database.databaseUrl ?? '', { isFarAway: true })
  const store = await openForTest({ ...database, databaseUrl: proxy.databaseUrl })
  await store.db.$executeRaw`CREATE TABLE heard (place serial, text text UNIQUE)`
  return {
    store,
    heard: async () => {
      const rows = await store.db.$queryRaw<{ text: string }[]>`SELECT text FROM heard ORDER BY place`
      return rows.map(({ text }) => text)
    },
    async roundTripsOf(work: () => Promise<unknown>) {
      const before = proxy.roundTrips
      await work()
      return proxy.roundTrips - before
    },
  }
}

const hear = (tx: Queryable, text: string) => tx.$executeRaw`INSERT INTO heard (text) VALUES (${text})`
/** One that Prisma prepares for longer before it sends it. */
const countKeys = (tx: Queryable) => tx.key.count()

describe.skipIf(hasNoDatabase())('statements that are sent together', () => {
  it('take one round trip, in their order, however they are written', async () => {
    const { store, heard, roundTripsOf } = await openFarAway()
    await store.transaction(async (tx) => {
      const trips = await roundTripsOf(() =>
        sentTogether(
          async () => (await countKeys(tx)) + 1,
          () => hear(tx, 'first'),
          null,
          () =>
            sentTogether(
              async () => hear(tx, 'second'),
              () => hear(tx, 'third'),
            ),
          () => hear(tx, 'fourth'),
        ),
      )
      expect(trips).toBe(1)
    })
    expect(await heard()).toEqual(['first', 'second', 'third', 'fourth'])
  })

  it('give their answers in their places, and null for what is left out', async () => {
    const { store } = await openFarAway()
    const answers = await store.transaction((tx) =>
      sentTogether(
        () => tx.$queryRaw<{ n: number }[]>`SELECT 7 AS n`,
        null,
        async () => countKeys(tx),
        () => hear(tx, 'x'),
      ),
    )
    expect(answers).toEqual([[{ n: 7 }], null, 0, 1])
  })

  it('fail with the error of the first that failed, and leave nothing behind', async () => {
    const { store, heard } = await openFarAway()
    const failing = store.transaction((tx) =>
      sentTogether(
        () => hear(tx, 'a'),
        () => hear(tx, 'a'),
        () => tx.$queryRaw`SELECT 1 / 0`,
        () => hear(tx, 'b'),
      ),
    )
    await expect(failing).rejects.toThrow(/unique|23505/i)
    expect(await heard()).toEqual([])
  })

  it('are not committed if one fails and nobody says so', async () => {
    const { store, heard } = await openFarAway()
    const silent = store.transaction(async (tx) => {
      await hear(tx, 'a')
      await tx.$queryRaw`SELECT 1 / 0`.catch(() => {})
    })
    await expect(silent).rejects.toThrow(/rolled back/)
    expect(await heard()).toEqual([])
    // The connection can be used again.
    await store.transaction((tx) => hear(tx, 'c'))
    expect(await heard()).toEqual(['c'])
  })

  it('of one transaction do not mix with those of another', async () => {
    const { store, heard } = await openFarAway()
    await Promise.all(
      ['x', 'y', 'z'].map((name) =>
        store.transaction(async (tx) => {
          // Whoever has the lock writes all of its own.
          await sentTogether(
            () => tx.$executeRaw`LOCK TABLE heard IN EXCLUSIVE MODE`,
            ...[1, 2, 3].map((n) => () => hear(tx, `${name}${n}`)),
          )
        }),
      ),
    )
    const texts = await heard()
    for (const start of [0, 3, 6]) {
      const name = texts[start]?.[0]
      expect(texts.slice(start, start + 3)).toEqual([`${name}1`, `${name}2`, `${name}3`])
    }
  })
})
