import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKeyChanges, type ReadAccess } from '../../src/keys/parts/change-hub.ts'
import type { Caller } from '../../src/keys/rules/caller.ts'

const now = new Date('2026-03-01T12:00:00Z')
const caller: Caller = {
  subject: 'user:rob',
  kind: 'USER',
  name: 'rob',
  groups: ['packers'],
  projectId: 'shop',
  roles: new Set(['KMS_VIEWER']),
  tokenId: null,
  tokenExpiresAt: new Date(now.getTime() + 600_000),
}

/** Keys that everybody in the project sees, but for those whose names begin with "hidden". */
const readAccess: ReadAccess = async (projectId, ids) =>
  new Map(
    ids.map((id) => {
      const accessControlEnabled = id.startsWith('hidden')
      const owner = 'user:olga'
      const accessFacts = {
        kind: 'USER',
        projectId,
        owner,
        accessControlEnabled,
        allowedSubjects: [],
        accessEntries: [],
      } as const
      return [id, { accessFacts, deleted: id.endsWith('deleted') }]
    }),
  )

function create(changes: Partial<Parameters<typeof createKeyChanges>[0]> = {}) {
  const limits = { streamsMax: 10, streamsPerCallerMax: 10 }
  return createKeyChanges({ clock: { now: () => now }, limits, readAccess, ...changes })
}

const change = (id: string) => ({ projectId: 'shop', id, isShown: false, lostBy: [] })

describe('what a stream hears of changes', () => {
  it('is told at once of all that happens in a moment, and once of each key', async () => {
    const changes = create()
    const watch = changes.watch(caller, null)
    for (const id of ['a', 'b', 'a']) changes.onChange(change(id))
    changes.onChange({ ...change('b'), isShown: true })
    changes.onChange({ ...change('a'), lostBy: ['user:bob', 'group:packers'] })
    changes.onChange({ ...change('b'), lostBy: ['user:bob', 'user:packers'] })
    expect(await watch.next()).toEqual({
      kind: 'changed',
      keys: new Map([
        ['a', { isShown: false, isLost: true }],
        ['b', { isShown: true, isLost: false }],
      ]),
    })
    watch.close()
  })

  it('is of its project, and of its key where it watches one', async () => {
    const changes = create()
    const watch = changes.watch(caller, 'a')
    changes.onChange({ ...change('a'), projectId: 'bank' })
    changes.onChange(change('b'))
    changes.onChange(change('a'))
    const news = await watch.next()
    expect(news.kind === 'changed' && [...news.keys.keys()]).toEqual(['a'])
    watch.close()
  })

  it('is bounded, however much changes while nobody takes it', async () => {
    const changes = create()
    const watch = changes.watch(caller, null)
    for (let count = 0; count < 5000; count++) changes.onChange(change(randomUUID()))
    expect(await watch.next()).toEqual({ kind: 'unsure' })
    changes.onChange(change('a'))
    expect(await watch.next()).toMatchObject({ kind: 'changed' })
    changes.onGap()
    expect(await watch.next()).toEqual({ kind: 'unsure' })
    watch.close()
  })

  it('is not filled by changes of what is hidden from its caller, however many, and is whole for who may see them', async () => {
    const changes = create()
    const outsider = changes.watch(caller, null)
    const owner = changes.watch({ ...caller, subject: 'user:olga', name: 'olga' }, null)
    for (let count = 0; count < 5000; count++) changes.onChange(change(`hidden ${count}`))
    changes.onChange({ ...change('hidden, lost'), lostBy: ['group:packers'] })
    changes.onChange({ ...change('hidden, renamed'), isShown: true })
    changes.onChange(change('hidden, deleted'))
    changes.onChange(change('seen'))
    expect(await owner.next()).toEqual({ kind: 'unsure' })
    const told = new Map<string, unknown>()
    while (told.size < 4) {
      const news = await outsider.next()
      if (news.kind !== 'changed') throw new Error(`the outsider is told ${news.kind}`)
      for (const [id, announced] of news.keys) told.set(id, announced)
    }
    expect(told).toEqual(
      new Map([
        ['hidden, lost', { isShown: false, isLost: true }],
        ['hidden, renamed', { isShown: true, isLost: false }],
        ['hidden, deleted', { isShown: false, isLost: false }],
        ['seen', { isShown: false, isLost: false }],
      ]),
    )
    for (const watch of [outsider, owner]) watch.close()
  })

  it('is unsure when the access to what changes cannot be read, and goes on afterwards', async () => {
    let isBroken = true
    const changes = create({
      readAccess: async (...args) => {
        if (isBroken) throw new Error('no database')
        return readAccess(...args)
      },
    })
    const watch = changes.watch(caller, null)
    changes.onChange(change('a'))
    expect(await watch.next()).toEqual({ kind: 'unsure' })
    isBroken = false
    changes.onChange(change('a'))
    expect(await watch.next()).toMatchObject({ kind: 'changed' })
    watch.close()
  })

  it('ends while it is waited for, and gives its place back', async () => {
    const changes = create({ limits: { streamsMax: 1, streamsPerCallerMax: 1 } })
    for (let round = 0; round < 3; round++) {
      const watch = changes.watch(caller, null)
      const next = watch.next()
      expect(changes.size).toBe(1)
      watch.close()
      watch.close()
      expect(await next).toEqual({ kind: 'closed' })
      expect(await watch.next()).toEqual({ kind: 'closed' })
      expect(changes.size).toBe(0)
    }
  })

  it('ends with everything, after which there is no more', async () => {
    const changes = create()
    const watches = [changes.watch(caller, null), changes.watch(caller, 'a')]
    const next = watches.map((watch) => watch.next())
    changes.close()
    expect(await Promise.all(next)).toEqual([{ kind: 'closed' }, { kind: 'closed' }])
    expect(() => changes.watch(caller, null)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
  })

  it('ends when the token expires, which may be long after what a timer can wait for', async () => {
    const changes = create()
    const far = changes.watch({ ...caller, tokenExpiresAt: new Date(now.getTime() + 2 ** 40) }, null)
    changes.onChange(change('a'))
    expect((await far.next()).kind).toBe('changed')
    far.close()
    const near = changes.watch({ ...caller, tokenExpiresAt: new Date(now.getTime() + 50) }, null)
    expect(await near.next()).toEqual({ kind: 'expired' })
    expect(changes.size).toBe(0)
  })
})
