import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import {
  type Answer,
  base64,
  type Client,
  endStory,
  type Person,
  type Story,
  startStory,
} from '../support/story.ts'
import { type Entitled, entitledTo, expectedOf } from './entitled-answers.ts'
import {
  type Ability,
  abilitiesByRole,
  accessEntries,
  accessList,
  mutationRules,
  operations,
  queryRules,
  roleSets,
  type Standing,
  type StandingKey,
  standingKeys,
  standings,
} from './entitlement-table.ts'
import { documentOf, inputWith, keyMutations, readOutcome, type Target } from './key-mutations.ts'
import { queryAbout, wholeSelectionOf } from './whole-selection.ts'

const olga: Person = {
  name: 'olga',
  roles: ['PROJECT_MEMBER', 'KMS_MANAGER', 'PROJECT_ADMIN'],
  groups: ['owners'],
}
const service: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }

interface KeyIds extends Target {
  readonly maskedId: string
  readonly versionId: string
  readonly eventId: string
}

/** What decides beside roles: the first of those who stand alike asks with every set of roles, the others with some. */
const wayOf = ({ sees, owns, left }: Standing) => JSON.stringify([sees, owns, left])
const firstOfWay = new Set(
  Map.groupBy(standings, wayOf)
    .values()
    .map(([first]) => first),
)
const someSets: readonly (readonly string[])[] = [[], ['PROJECT_MEMBER'], ['KMS_MANAGER'], ['KMS_SIGNER']]

function setsFor(standing: Standing): typeof roleSets {
  if (firstOfWay.has(standing)) return roleSets
  return roleSets.filter((roles) => someSets.some((some) => some.join() === roles.join()))
}

const callers = standings.flatMap((standing) =>
  setsFor(standing).map((roles) => {
    const name = `${standing.name} with ${roles.length === 0 ? 'no role' : roles.join(' and ')}`
    return [name, standing, roles] as const
  }),
)

describe.skipIf(hasNoDatabase())('by the table of entitlements', () => {
  let story: Story
  const keys = {} as Record<StandingKey, KeyIds>
  let bindingId = ''
  // What the one who is entitled to all of it gets, by query.
  const references = new Map<string, unknown>()

  beforeAll(async () => {
    story = await startStory()
    await story.as(service).mutate('encryptWithServiceKey', { plaintext: base64('x') })
    const client = story.as(olga)
    for (const name of standingKeys) keys[name] = await createKey(client, name)
    // Until an entry has expired, and is shown as such.
    story.clock.advance({ hours: 2 })
    // For somebody else: it gives none of the callers below a role.
    const { roleBinding } = await story
      .as(olga)
      .mutate('bindRole', { subject: 'user:nobody', role: 'KMS_VIEWER' }, 'roleBinding { id }')
    bindingId = roleBinding.id
    const expiresAt = new Date(story.clock.now().getTime() + boundMinutes * 60_000).toISOString()
    for (const role of boundRoles) {
      await client.mutate('bindRole', { subject: `group:${groupOf(role)}`, role, expiresAt })
    }
    for (const { name, document, variables } of queries()) {
      references.set(name, (await client.ask<Record<string, unknown>>(document, variables))['answer'])
    }
  })
  afterAll(() => endStory(story))

  /** A key of which no field is null for its owner. */
  async function createKey(client: Client, name: StandingKey): Promise<KeyIds> {
    const input = {
      name,
      algorithm: 'ED25519',
      automaticRotation: { enabled: true, cycleDays: 1000 },
      accessControl: {
        enabled: name !== 'open',
        ...(name === 'closed' && { allowedSubjects: accessList, entries: accessEntries }),
      },
    }
    const { userKey } = await client.mutate('createUserKey', input, 'userKey { id }')
    const keyId = userKey.id
    const { version } = await client.mutate('rotateUserKey', { key: keyId }, 'version { id }')
    await client.mutate('sign', { key: keyId, message: base64('x') })
    if (name === 'shared') await client.mutate('transferOwnership', { key: keyId, to: 'group:owners' })
    const { auditEvents } = await client.ask<{ auditEvents: { nodes: { id: string }[] } }>(
      `{ auditEvents(filter: { key: "${keyId}" }) { nodes { id } } }`,
    )
    const vic = story.as({ name: 'vic', roles: ['KMS_VIEWER'] })
    const seen = await vic.ask<{ userKey: { id: string } }>(`{ userKey(key: "${name}") { id } }`)
    const maskedId = seen.userKey.id
    const eventId = auditEvents.nodes[0]?.id ?? ''
    return { keyId, maskedId, versionId: version.id, eventId, ciphertext: base64('none') }
  }

  /** Every query, with everything that it can answer; those about keys for both of them. */
  function queries() {
    const ofKeys = standingKeys.flatMap((of) => {
      const { keyId, maskedId, versionId, eventId } = keys[of]
      const explained = `explainAccess(key: $key, subject: "user:bob", groups: [], roles: [KMS_USER], operation: SIGN, context: [])`
      const series = `from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", interval: DAY`
      const rows: [string, string, string, string][] = [
        ['userKey', 'UserKey', 'userKey(key: $key)', keyId],
        ['userKey', 'UserKey', `userKey(key: "${of}")`, ''],
        ['userKeys', 'UserKey', `userKeys(filter: { namePrefix: "${of}" })`, ''],
        ['userKeyCounts', 'UserKeyCounts', `userKeyCounts(filter: { namePrefix: "${of}" })`, ''],
        ['node', 'UserKey', 'node(id: $id)', keyId],
        ['node', 'UserKey', 'node(id: $id)', of === 'open' ? keyId : maskedId],
        ['node', 'KeyVersion', 'node(id: $id)', versionId],
        ['node', 'AuditEvent', 'node(id: $id)', eventId],
        ['nodes', 'KeyVersion', 'nodes(ids: [$id])', versionId],
        [
          '_entities',
          'UserKey',
          `_entities(representations: [{ __typename: "UserKey", id: "${keyId}" }])`,
          '',
        ],
        [
          '_entities',
          'KeyVersion',
          `_entities(representations: [{ __typename: "KeyVersion", id: "${versionId}" }])`,
          '',
        ],
        ['destroyImpact', 'DestroyImpact', 'destroyImpact(version: { id: $id })', versionId],
        ['explainAccess', 'AccessExplanation', explained, keyId],
        ['explainMyAccess', 'AccessExplanation', 'explainMyAccess(key: $key, operation: SIGN)', keyId],
        ['auditEvents', 'AuditEvent', 'auditEvents(filter: { key: $key })', keyId],
        ['auditEvents', 'AuditEvent', 'auditEvents(filter: { version: { id: $id } })', versionId],
        ['usageSeries', 'UsageSeries', `usageSeries(${series}, filter: { key: $key })`, keyId],
      ]
      return rows.map((row) => queryOf(of, row))
    })
    const others: [string, string, string, string][] = [
      ['serviceKey', 'ServiceKey', 'serviceKey(by: { service: "Secrets Manager" })', ''],
      ['serviceKeys', 'ServiceKey', 'serviceKeys', ''],
      ['upcomingEvents', 'UpcomingEvent', 'upcomingEvents(until: "2027-12-31T00:00:00Z")', ''],
      ['keyAlgorithms', 'KeyAlgorithmInfo', 'keyAlgorithms', ''],
      ['_service', '_Service', '_service', ''],
      ['roleBindings', 'RoleBinding', 'roleBindings', ''],
      ['auditEvents', 'AuditEvent', 'auditEvents(filter: { action: [BIND_ROLE] })', ''],
      ['node', 'RoleBinding', 'node(id: $id)', bindingId],
    ]
    return [...ofKeys, ...others.map((row) => queryOf(null, row))]
  }

  function queryOf(
    of: StandingKey | null,
    [field, type, call, id]: readonly [string, string, string, string],
  ) {
    const selection = wholeSelectionOf(type)
    const isList = /^(userKeys|serviceKeys|upcomingEvents|auditEvents|roleBindings)$/.test(field)
    const below = isList
      ? `{ __typename totalCount nodes ${selection} edges { node ${selection} } }`
      : selection
    const inside = /^(nodes?|_entities)$/.test(field) ? `{ __typename ... on ${type} ${below} }` : below
    return {
      name: `${call} ${type} ${of} ${id.slice(0, 4)}`,
      of,
      field,
      document: queryAbout(`answer: ${call} ${inside}`),
      variables: { id, key: id },
    }
  }

  it('every query is asked', () => {
    const asked = new Set(queries().map(({ field }) => field))
    expect([...asked, 'viewer'].sort()).toEqual(Object.keys(queryRules).sort())
    expect([...references.values()].filter((reference) => reference === null)).toEqual([])
  })

  it.each(callers)('%s reads what it is entitled to, field by field', async (_name, standing, roles) => {
    await expectEntitled(standing, roles, story.as({ ...standing.person, roles }))
  })

  async function expectEntitled(
    standing: Standing,
    roles: (typeof roleSets)[number],
    client: Client,
  ): Promise<void> {
    const unlike: readonly (StandingKey | null)[] = [...unlikeKeys(standing), null]
    const asked = queries()
      .filter(({ of }) => unlike.includes(of))
      .map(async (query) => ({
        ...query,
        answer: await client.send(query.document, query.variables),
      }))
    for (const { name, of, field, answer } of await Promise.all(asked)) {
      const entitled: Entitled = entitledTo(standing, roles, of)
      if (!mayAsk(field, entitled)) {
        expect(codesOf(answer), name).toEqual(['FORBIDDEN'])
        // A refusal leaves what else was asked; federation does not let entities be null.
        expect(answer.data, name).toEqual(field === '_entities' ? null : { answer: null })
        continue
      }
      expect(codesOf(answer), name).toEqual([])
      const masked = of === null ? '' : keys[of].maskedId
      const expected = expectedOf(field, references.get(name), { ...entitled, maskedId: masked })
      expect(answer.data['answer'], name).toEqual(expected)
    }
    const { viewer } = await client.ask<{ viewer: object }>('{ viewer { subject { name } projectId roles } }')
    const { name, project = 'shop' } = standing.person
    expect(viewer).toEqual({
      subject: { name },
      projectId: project,
      roles: expect.arrayContaining([...roles]),
    })
  }

  it('a user with bound roles may read what they entitle it to, until the bindings end', async () => {
    const [standing] = standings.filter(({ name }) => name === 'an allowed user')
    if (standing === undefined) throw new Error('the table has an allowed user')
    const clients = boundRoles.map((role) => ({
      role,
      client: story.as({ ...standing.person, groups: [groupOf(role)], roles: [] }),
    }))
    for (const { role, client } of clients) await expectEntitled(standing, [role], client)
    story.clock.advance({ minutes: boundMinutes })
    for (const { client } of clients) await expectEntitled(standing, [], client)
  })

  // What roles give together is what each of them gives: the tests of roles show it for mutations too.
  it.each(callers.filter(([, , roles]) => roles.length < 2))(
    '%s may do what it is entitled to, and no more',
    async (_name, standing, roles) => {
      const client = story.as({ ...standing.person, roles })
      for (const of of unlikeKeys(standing)) {
        const entitled = entitledTo(standing, roles, of)
        for (const mutation of keyMutations) {
          const { name, input, invalidInput } = mutation
          // Nothing is to change: whoever is let in is told that the input, or what it expects, is wrong.
          const given = (
            invalidInput ??
            ((target: Target) => inputWith(input(target), unexpected[name.replace(/Batch$/, '')]))
          )(keys[of])
          const outcome = readOutcome(name, await client.send(documentOf(name), { input: given }))
          const isRead = standing.person.kind === 'SERVICE_AGENT' || roles.length > 0 || !isLarge(given)
          expect(outcome, `${name} ${of}`).toMatch(isRead ? expectedOutcome(name, entitled) : /^FORBIDDEN$/)
        }
      }
      const { abilities } = entitledTo(standing, roles, null)
      const isPermitted = (name: string) => {
        const rule = mutationRules[name]
        if (rule === 'SERVICE') return standing.person.kind === 'SERVICE_AGENT'
        if (rule === 'ANY_OPERATION') return operations.some((each) => abilities.has(each))
        return abilities.has(rule as Ability)
      }
      for (const [name, input] of Object.entries(withoutKey)) {
        const outcome = readOutcome(name, await client.send(documentOf(name), { input }))
        const refusal = roles.length === 0 && isLarge(input) ? /^FORBIDDEN$/ : /^ForbiddenError$/
        expect(outcome, name).toMatch(isPermitted(name) ? /Error$|Payload$/ : refusal)
      }
    },
  )

  it.each(boundRoles)(
    'a user with the role %s and an entry for one context uses the key with that context alone, as its role allows',
    async (role) => {
      const context = [{ name: 'tenant', value: '42' }]
      const entries = [{ subject: 'user:cora', context }]
      const input = { name: `for-${role.toLowerCase()}`, accessControl: { enabled: true, entries } }
      const { userKey } = await story.as(olga).mutate('createUserKey', input, 'userKey { id }')
      const given = { key: userKey.id, plaintext: base64('x'), context }
      const { ciphertext } = await story.as(olga).mutate('encrypt', given, 'ciphertext')
      const client = story.as({ name: 'cora', roles: [role] })
      for (const [name, use] of [
        ['encrypt', { key: userKey.id, plaintext: '' }],
        ['decrypt', { ciphertext }],
      ] as const) {
        const outcomeWith = async (pairs: object[] | null) =>
          readOutcome(name, await client.send(documentOf(name), { input: { ...use, context: pairs } }))
        const mayUse = abilitiesByRole[role].includes(name)
        expect(await outcomeWith(context), name).toMatch(mayUse ? /Payload$/ : /^ForbiddenError$/)
        expect(await outcomeWith(null), name).toBe('ForbiddenError')
        expect(await outcomeWith([{ name: 'tenant', value: '43' }]), name).toBe('ForbiddenError')
      }
    },
  )

  it('every mutation is tried', () => {
    const tried = [...keyMutations.map(({ name }) => name), ...Object.keys(withoutKey)]
    expect(tried.sort()).toEqual(Object.keys(mutationRules).sort())
  })
})

const boundRoles = Object.keys(abilitiesByRole) as (keyof typeof abilitiesByRole)[]
const groupOf = (role: string) => `bound to ${role}`
/** How long bindings last, by the clock of the story, which stands still in the other tests. */
const boundMinutes = 10

const codesOf = ({ errors }: Answer) => errors.map(({ extensions }) => extensions.code)

/** Whether a body with the input is larger than those that are read of callers without a role. */
const isLarge = (input: object) => JSON.stringify(input).length > 65_536

const unexpected: Readonly<Record<string, object>> = {
  activateUserKey: { expectedRevision: 1_000_000 },
  disableAccessControl: { expectedRevision: 1_000_000 },
  rotateUserKey: { expectedRevision: 1_000_000 },
}

const withoutKey: Readonly<Record<string, object>> = {
  createUserKey: { name: 'Not A Name' },
  bindRole: { subject: 'not a subject', role: 'KMS_VIEWER' },
  unbindRole: { subject: 'not a subject', role: 'KMS_VIEWER' },
  generateRandom: { lengthBytes: 0 },
  encryptWithServiceKey: { plaintext: base64(new Uint8Array(70_000)) },
  decryptWithServiceKey: { ciphertext: base64('none') },
  generateServiceDataKey: { lengthBytes: 0 },
}

function mayAsk(query: string, { abilities, sees, manages, readsAudit }: Entitled): boolean {
  const rule = queryRules[query]
  if (rule === 'TRAIL') return abilities.has('readAudit') || readsAudit
  if (rule === 'NOTHING') return true
  if (rule === 'ANY_ROLE') return abilities.size > 0
  if (rule !== 'manage') return abilities.has(rule as 'view')
  return sees === 'whole' ? manages : abilities.has('manage') || abilities.has('manageOwn')
}

/** The order of checks: role, the key in the project of the caller, access to it, and all else. */
function expectedOutcome(name: string, entitled: Entitled): RegExp {
  const { byRole, onKey } = permitted(name, entitled)
  if (!byRole) return /^ForbiddenError$/
  if (entitled.sees === 'absent') {
    return /^decrypt/.test(name) ? /^InvalidCiphertextError$/ : /^KeyNotFoundError$/
  }
  if (!onKey) return /^ForbiddenError$/
  // Nothing is published, so that it changes nothing.
  if (name === 'unpublishJwks') return /^UnpublishJwksPayload$/
  return /^(?!KeyNotFoundError|ForbiddenError)\w+Error$/
}

/** Whether a mutation on a key is permitted by the roles of the caller, and then on the key. */
function permitted(name: string, { abilities, sees, operations: left, manages, owns }: Entitled) {
  const rule = mutationRules[name]
  if (rule === 'manage')
    return { byRole: abilities.has('manage') || abilities.has('manageOwn'), onKey: manages }
  if (rule === 'TRANSFER') return { byRole: abilities.has('view'), onKey: manages || owns }
  // A re-encryption is refused by its destination alone here: what it opens is of no key.
  const onDestination = name.startsWith('reEncrypt') ? (['encrypt'] as const) : (rule as readonly Ability[])
  return {
    byRole: (rule as readonly Ability[]).every((each) => abilities.has(each)),
    onKey: sees === 'whole' && onDestination.every((each) => left.has(each)),
  }
}

/** Keys to which somebody does not stand alike. */
function unlikeKeys({ sees, owns, left }: Standing): readonly StandingKey[] {
  const ways = standingKeys.map((key) => [sees[key], owns.includes(key), key === 'closed' && left].join())
  return standingKeys.filter((_key, index) => ways.indexOf(ways[index] ?? '') === index)
}
