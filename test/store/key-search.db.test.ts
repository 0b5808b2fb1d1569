import { describe, expect, it } from 'vitest'
import { countKeys, findKeyPage, type HiddenOrder } from '../../src/store/rows/key-pages.ts'
import { insertKey, type KeyRow, updateKeys } from '../../src/store/rows/key-rows.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { sampleKey } from '../support/sample-rows.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const viewer = { subjects: ['USER:ana'], sees: 'ALL_UNCONTROLLED_AND_LISTED', now: new Date(0) } as const

async function finds(db: Queryable, text: string, projectId = 'project-a'): Promise<boolean> {
  const search = { text, viewer }
  return (await countKeys(db, { projectId, kind: 'USER', visibleTo: null, search })) > 0
}

/** Characters of many scripts, and one of four bytes. */
const letters = 'ÀÉÏÕÜŠŻĄĞΑΒΓΩБГДЯЖԱԲႠẞḀỲἈꙀＡＺ𐐀'

describe.skipIf(hasNoDatabase())('the index for searches', () => {
  it('folds letters of each script, one for one', async () => {
    const { db } = await openForTest(await withDatabase())
    const [row] = await db.$queryRaw<{ folded: string; plain: string }[]>`
      SELECT key_search_folded(${letters}) AS folded, key_search_folded('ABC xyz 注文 한국어 %_') AS plain`
    expect(row).toEqual({
      folded: Array.from(letters, (letter) => letter.toLowerCase()).join(''),
      plain: 'abc xyz 注文 한국어 %_',
    })
  })

  it('follows each change of a key, and knows texts of any length', async () => {
    const { db } = await openForTest(await withDatabase())
    const key = sampleKey({ description: 'Bestellungen' })
    await insertKey(db, key)
    let before: KeyRow = key
    async function change(changes: Partial<KeyRow>): Promise<void> {
      const after = { ...before, ...changes }
      await updateKeys(db, [{ before, after }])
      before = after
    }
    expect(await finds(db, 'STELLUNG')).toBe(true)
    expect(await finds(db, 'stellung', 'project-b')).toBe(false)
    await change({ description: '한국어' })
    expect([await finds(db, 'stellung'), await finds(db, '국')]).toEqual([false, true])
    await change({ name: 'renamed' })
    expect([await finds(db, 'orders'), await finds(db, 'RENAMED')]).toEqual([false, true])
    await change({ aliases: ['other-name'] })
    expect([await finds(db, 'a-1'), await finds(db, 'her-n')]).toEqual([false, true])
    const labels = Array.from({ length: 50 }, (_, index) => ({
      name: `label-${index}`,
      value: `${String(index).repeat(120)} Ende`,
    }))
    await change({ labels })
    for (const text of ['EL-49', '4949', '49 ende', '国', 'label-50']) {
      expect([text, await finds(db, text)]).toEqual([text, text.includes('49')])
    }
    await change({ labels: [] })
    expect(await finds(db, 'label')).toBe(false)
    expect(await finds(db, '국')).toBe(true)
    await db.key.delete({ where: { id: key.id } })
    expect(await db.keySearch.count()).toBe(0)
  })

  it('holds what there was before it', async () => {
    const { db } = await openForTest(await withDatabase())
    await insertKey(db, sampleKey({ description: 'Bestellungen' }))
    await db.$executeRaw`DELETE FROM key_search`
    expect(await finds(db, 'stellung')).toBe(false)
    await db.$queryRaw`SELECT index_key(k)::text FROM keys k`
    expect(await finds(db, 'stellung')).toBe(true)
  })

  it('finds a description in whatever form of Unicode it was given', async () => {
    const { db } = await openForTest(await withDatabase())
    await insertKey(db, sampleKey({ description: 'Schlüssel für das Café'.normalize('NFD') }))
    expect(await finds(db, 'schlüssel'.normalize('NFC'))).toBe(true)
  })

  it.each(['LAST_USE', 'NEXT_ROTATION'] as const)(
    'is asked the same by %s, wherever keys stand that the viewer does not see',
    async (field) => {
      const statements: string[] = []
      const { db } = await openForTest(await withDatabase(), { onStatement: (sql) => statements.push(sql) })
      await insertKey(
        db,
        sampleKey({ name: 'open', rotationDueOn: '2026-06-01', accessControlEnabled: false }),
      )
      for (let n = 0; n < 45; n++) {
        const hidden = { name: `hidden-${n}`, owner: 'user:olga', accessControlEnabled: true, aliases: [] }
        await insertKey(db, sampleKey({ ...hidden, rotationDueOn: '2026-07-01' }))
      }
      await db.$executeRaw`UPDATE key_last_uses SET last_used_at = '2026-06-01T00:00:00Z'`
      async function statementsOf(hiddenDay: string): Promise<number> {
        await db.$executeRaw`UPDATE keys SET rotation_due_on = ${hiddenDay}::text::date WHERE name <> 'open'`
        await db.$executeRaw`UPDATE key_last_uses SET last_used_at = ${hiddenDay}::text::timestamptz WHERE name <> 'open'`
        statements.length = 0
        const filter = {
          projectId: 'project-a',
          kind: 'USER',
          visibleTo: null,
          search: { text: 'open', viewer },
        } as const
        const orderBy: HiddenOrder = { field, viewer }
        const page = { filter, orderBy, direction: 'asc', after: null, before: null, max: 1 } as const
        expect((await findKeyPage(db, page)).map(({ key }) => key.name)).toEqual(['open'])
        return statements.length
      }
      expect(await statementsOf('2026-05-01')).toBe(await statementsOf('2026-07-01'))
    },
  )
})
