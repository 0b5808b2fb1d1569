import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createUsageCounter } from '../../src/keys/parts/usage-counter.ts'
import { insertKey } from '../../src/store/rows/key-rows.ts'
import type { VersionPlace } from '../../src/store/rows/usage-rows.ts'
import { insertVersions } from '../../src/store/rows/version-rows.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { sampleKey, sampleVersion } from '../support/sample-rows.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const max = 40

async function insertKeys(db: Queryable, count: number): Promise<VersionPlace[]> {
  const places: VersionPlace[] = []
  for (let n = 0; n < count; n++) {
    const key = sampleKey({ name: `key-${n}`, aliases: [], lastVersionNumber: 1 })
    await insertKey(db, key)
    await insertVersions(db, [
      { version: sampleVersion(key.id), material: { rootKeyId: 'x', wrapped: new Uint8Array(1) } },
    ])
    places.push({ keyId: key.id, versionNumber: 1 })
  }
  return places
}

describe.skipIf(hasNoDatabase())('the first encryptions of many keys', () => {
  it('set blocks aside in few statements, and each key gets what is left of its limit, whoever asks', async () => {
    const database = await withDatabase()
    let statements = 0
    const open = async () => {
      const { db } = await openForTest(database, {
        onStatement: (sql) => void (sql.includes('INTO key_version_usage') && statements++),
      })
      return { db, counter: createUsageCounter({ db, clock: systemClock }) }
    }
    const [one, other] = [await open(), await open()]
    const places = await insertKeys(one.db, 60)
    const countAll = (some: readonly VersionPlace[]) =>
      Promise.all(
        [one, other].flatMap(({ counter }) => some.map((place) => counter.countEncryption(place, max))),
      )
    expect((await countAll(places)).every(Boolean)).toBe(true)
    // A group each, and another for what came while the first was under way.
    expect(statements).toBeLessThanOrEqual(8)

    const few = places.slice(0, 6)
    const allowed = few.map(() => 2)
    for (let round = 0; round < max; round++) {
      for (const [index, isAllowed] of (await countAll(few)).entries()) {
        const place = index % few.length
        allowed[place] = (allowed[place] ?? 0) + Number(isAllowed)
      }
    }
    expect(allowed).toEqual(few.map(() => max))
    const uses = await one.counter.read(few)
    expect(uses.map(({ encryptions }) => encryptions)).toEqual(few.map(() => max))
  })

  it('do not wait for a key that somebody is changing', async () => {
    const { db, transaction } = await openForTest(await withDatabase())
    const places = await insertKeys(db, 3)
    const counter = createUsageCounter({ db, clock: systemClock })
    const [locked, ...free] = places
    if (locked === undefined) throw new TypeError('a key was inserted')
    const held = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const change = transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM keys WHERE id = ${locked.keyId}::uuid FOR UPDATE`
      held.resolve()
      await release.promise
    })
    await held.promise
    let isLockedDone = false
    const waiting = counter.countEncryption(locked, max).finally(() => {
      isLockedDone = true
    })
    expect(await Promise.all(free.map((place) => counter.countEncryption(place, max)))).toEqual([true, true])
    expect(isLockedDone).toBe(false)
    release.resolve()
    await change
    expect(await waiting).toBe(true)
  })

  it('of a removed key fail, and those of the others do not', async () => {
    const { db } = await openForTest(await withDatabase())
    const places = await insertKeys(db, 3)
    const counter = createUsageCounter({ db, clock: systemClock })
    await db.key.delete({ where: { id: places[1]?.keyId ?? '' } })
    const outcomes = await Promise.allSettled(places.map((place) => counter.countEncryption(place, max)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})
