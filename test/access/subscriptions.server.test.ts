import { describe, expect, it } from 'vitest'
import { subscribeAs } from '../subscriptions/event-source.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, type Person, startStoryForTest } from '../support/story.ts'
import { entitledTo, expectedOf } from './entitled-answers.ts'
import {
  accessEntries,
  accessList,
  standingKeys as names,
  roleSets,
  type StandingKey,
  standings,
  subscriptionRules,
} from './entitlement-table.ts'
import { wholeSelectionOf } from './whole-selection.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER', 'KMS_MANAGER'], groups: ['owners'] }

const whole = wholeSelectionOf('UserKey')
const keyEvents = `subscription($id: KeyRef!) { keyEvents(key: $id) { changes goneKeyIds key { ... on UserKey ${whole} } } }`
/** Too long for a list of keys; the streams of one key have them. */
const long = ['accessList', 'auditEvents', 'versions', 'version']
const userKeysChanged = `subscription { userKeysChanged { listAgain goneKeyIds changedKeys ${wholeSelectionOf('UserKey', long)} } }`

/** Streams are shown what queries show; the tests of queries have the other sets. */
const streamedSets = roleSets.filter(
  (roles) => roles.length < 2 && !/READER|USER|ENCRYPTER|DECRYPTER|VERIFIER/.test(roles.join()),
)
const callers = standings.flatMap((standing) => streamedSets.map((roles) => ({ standing, roles })))

async function createKey(client: Client, name: StandingKey): Promise<string> {
  const input = {
    name,
    algorithm: 'ED25519',
    accessControl: {
      enabled: name !== 'open',
      ...(name === 'closed' && { allowedSubjects: accessList, entries: accessEntries }),
    },
  }
  const keyId: string = (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  if (name === 'shared') await client.mutate('transferOwnership', { key: keyId, to: 'group:owners' })
  return keyId
}

async function answersTo(client: Client, ids: Record<StandingKey, string>) {
  const document = `query($id: KeyRef!) { key: userKey(key: $id) ${whole} }`
  const [closed, open, shared] = await Promise.all(
    names.map((name) => client.ask<{ key: unknown }>(document, { id: ids[name] })),
  )
  return { closed: closed?.key, open: open?.key, shared: shared?.key }
}

describe.skipIf(hasNoDatabase())('by the table of entitlements, every subscription', () => {
  it('tells every caller what a query would show it, at first and after a change', {
    timeout: 240_000,
  }, async () => {
    // After a change some hundreds of streams of one project are answered before the query, on a busy machine.
    const story = await startStoryForTest({
      SUBSCRIPTIONS_PER_CALLER_MAX: '100',
      REQUEST_TIMEOUT_MS: '60000',
    })
    const owner = story.as(olga)
    const ids = {
      closed: await createKey(owner, 'closed'),
      open: await createKey(owner, 'open'),
      shared: await createKey(owner, 'shared'),
    }
    // Until an entry has expired.
    story.clock.advance({ hours: 2 })
    const vic = story.as({ name: 'vic', roles: ['KMS_VIEWER'] })
    const maskedIdOf = async (name: StandingKey) => {
      const masked = await vic.ask<{ userKey: { id: string } }>(`{ userKey(key: "${name}") { id } }`)
      return masked.userKey.id
    }
    const maskedIds = { closed: await maskedIdOf('closed'), open: '', shared: await maskedIdOf('shared') }
    let references = await answersTo(owner, ids)

    const followed = []
    for (const { standing, roles } of callers) {
      const person = { ...standing.person, roles }
      const who = `${standing.name} with ${roles.join(' and ') || 'no role'}`
      const expected = (name: StandingKey) =>
        expectedOf('userKey', references[name], {
          ...entitledTo(standing, roles, name),
          maskedId: maskedIds[name],
        })
      const streams = {
        closed: await subscribeAs(story, person, keyEvents, { id: ids.closed }),
        open: await subscribeAs(story, person, keyEvents, { id: ids.open }),
        shared: await subscribeAs(story, person, keyEvents, { id: ids.shared }),
        list: await subscribeAs(story, person, userKeysChanged),
      }
      if (!entitledTo(standing, roles, null).abilities.has(subscriptionRules['keyEvents'] ?? 'view')) {
        for (const stream of Object.values(streams)) {
          const events = await stream.rest()
          expect(
            events.map(({ errors }) => errors.map(({ extensions }) => extensions.code)),
            who,
          ).toEqual([['FORBIDDEN'], []])
          expect(events[0]?.data, who).toBeNull()
        }
        continue
      }
      for (const name of names) {
        const { data, errors } = await streams[name].next()
        expect(errors, who).toEqual([])
        expect(data.keyEvents, `${who}, ${name}`).toEqual({
          changes: [],
          goneKeyIds: [],
          key: expected(name),
        })
        if (expected(name) === null)
          expect(await streams[name].rest(), who).toMatchObject([{ event: 'complete' }])
      }
      const first = { listAgain: true, goneKeyIds: [], changedKeys: [] }
      expect((await streams.list.next()).data.userKeysChanged, who).toEqual(first)
      followed.push({ who, expected, streams })
    }
    expect(followed.length).toBeGreaterThan(50)

    for (const name of names) {
      await owner.mutate('updateUserKey', { key: ids[name], description: 'changed' })
    }
    references = await answersTo(owner, ids)
    for (const { who, expected, streams } of followed) {
      const shown = names.filter((name) => expected(name) !== null)
      for (const name of shown) {
        const { data } = await streams[name].next()
        expect(data.keyEvents, who).toEqual({ changes: ['DETAILS'], goneKeyIds: [], key: expected(name) })
      }
      const listed = new Map<string, unknown>()
      while (listed.size < shown.length) {
        const { listAgain, goneKeyIds, changedKeys } = (await streams.list.next()).data.userKeysChanged
        expect([listAgain, goneKeyIds], who).toEqual([false, []])
        for (const key of changedKeys) listed.set(key.name, key)
      }
      expect(Object.fromEntries(listed), who).toEqual(
        Object.fromEntries(shown.map((name) => [name, withoutLong(expected(name))])),
      )
    }
  })
})

function withoutLong(key: unknown): unknown {
  return Object.fromEntries(Object.entries(key as object).filter(([name]) => !long.includes(name)))
}
