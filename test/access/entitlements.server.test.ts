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
import { accessList, mutationRules, queryRules, roleSets, standings } from './entitlement-table.ts'
import { documentOf, keyMutations, readOutcome, type Target } from './key-mutations.ts'
import { wholeSelectionOf } from './whole-selection.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER', 'KMS_MANAGER', 'PROJECT_ADMIN'] }
const service: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }

interface KeyIds extends Target {
  readonly maskedId: string
  readonly versionId: string
  readonly eventId: string
}

const callers = standings.flatMap((standing) =>
  roleSets.map((roles) => {
    const name = `${standing.name} with ${roles.length === 0 ? 'no role' : roles.join(' and ')}`
    return [name, standing, roles] as const
  }),
)

describe.skipIf(hasNoDatabase())('by the table of entitlements', () => {
  let story: Story
  const keys = {} as Record<'closed' | 'open', KeyIds>
  let bindingId = ''
  // What the one who is entitled to all of it gets, by query.
  const references = new Map<string, unknown>()

  beforeAll(async () => {
    story = await startStory()
    await story.as(service).mutate('encryptWithServiceKey', { plaintext: base64('x') })
    const client = story.as(olga)
    for (const name of ['closed', 'open'] as const) keys[name] = await createKey(client, name)
    // For somebody else: it gives none of the callers below a role.
    const { roleBinding } = await story
      .as(olga)
      .mutate('bindRole', { subject: 'user:nobody', role: 'KMS_VIEWER' }, 'roleBinding { id }')
    bindingId = roleBinding.id
    for (const { name, document, variables } of queries()) {
      references.set(name, (await client.ask<Record<string, unknown>>(document, variables))['answer'])
    }
  })
  afterAll(() => endStory(story))

  /** A key of which no field is null for its owner. */
  async function createKey(client: Client, name: 'closed' | 'open'): Promise<KeyIds> {
    const input = {
      name,
      algorithm: 'ED25519',
      automaticRotation: { enabled: true },
      accessControl: {
        enabled: name === 'closed',
        ...(name === 'closed' && { allowedSubjects: accessList }),
      },
    }
    const { userKey } = await client.mutate('createUserKey', input, 'userKey { id }')
    const keyId = userKey.id
    const { version } = await client.mutate('rotateUserKey', { keyId }, 'version { id }')
    await client.mutate('sign', { keyId, message: base64('x') })
    const { auditEvents } = await client.ask<{ auditEvents: { nodes: { id: string }[] } }>(
      `{ auditEvents(filter: { keyId: "${keyId}" }) { nodes { id } } }`,
    )
    const vic = story.as({ name: 'vic', roles: ['KMS_VIEWER'] })
    const seen = await vic.ask<{ userKey: { id: string } }>(`{ userKey(by: { name: "${name}" }) { id } }`)
    const maskedId = seen.userKey.id
    const eventId = auditEvents.nodes[0]?.id ?? ''
    return { keyId, maskedId, versionId: version.id, eventId, ciphertext: base64('none') }
  }

  /** Every query, with everything that it can answer; those about keys for both of them. */
  function queries() {
    const ofKeys = (['closed', 'open'] as const).flatMap((of) => {
      const { keyId, maskedId, versionId, eventId } = keys[of]
      const explained = `explainAccess(keyId: $id, subject: "user:bob", groups: [], roles: [KMS_USER], operation: USE)`
      const rows: [string, string, string, string][] = [
        ['userKey', 'UserKey', 'userKey(by: { id: $id })', keyId],
        ['userKey', 'UserKey', `userKey(by: { name: "${of}" })`, ''],
        ['userKeys', 'UserKey', `userKeys(filter: { namePrefix: "${of}" })`, ''],
        ['node', 'UserKey', 'node(id: $id)', keyId],
        ['node', 'UserKey', 'node(id: $id)', of === 'closed' ? maskedId : keyId],
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
        ['destroyImpact', 'DestroyImpact', 'destroyImpact(versionId: $id)', versionId],
        ['explainAccess', 'AccessExplanation', explained, keyId],
        ['auditEvents', 'AuditEvent', 'auditEvents(filter: { keyId: $id })', keyId],
      ]
      return rows.map((row) => queryOf(of, row))
    })
    const others: [string, string, string, string][] = [
      ['serviceKey', 'ServiceKey', 'serviceKey(by: { service: "Secrets Manager" })', ''],
      ['serviceKeys', 'ServiceKey', 'serviceKeys', ''],
      ['keyAlgorithms', 'KeyAlgorithmInfo', 'keyAlgorithms', ''],
      ['_service', '_Service', '_service', ''],
      ['roleBindings', 'RoleBinding', 'roleBindings', ''],
      ['node', 'RoleBinding', 'node(id: $id)', bindingId],
    ]
    return [...ofKeys, ...others.map((row) => queryOf(null, row))]
  }

  function queryOf(
    of: 'closed' | 'open' | null,
    [field, type, call, id]: readonly [string, string, string, string],
  ) {
    const selection = wholeSelectionOf(type)
    const isList = /^(userKeys|serviceKeys|auditEvents|roleBindings)$/.test(field)
    const below = isList
      ? `{ __typename totalCount nodes ${selection} edges { node ${selection} } }`
      : selection
    const inside = /^(nodes?|_entities)$/.test(field) ? `{ __typename ... on ${type} ${below} }` : below
    const given = call.includes('$id')
    return {
      name: `${call} ${type} ${of} ${id.slice(0, 4)}`,
      of,
      field,
      document: `query${given ? '($id: ID!)' : ''} { answer: ${call} ${inside} }`,
      variables: given ? { id } : {},
    }
  }

  it('every query is asked', () => {
    const asked = new Set(queries().map(({ field }) => field))
    expect([...asked, 'viewer'].sort()).toEqual(Object.keys(queryRules).sort())
    expect([...references.values()].filter((reference) => reference === null)).toEqual([])
  })

  it.each(callers)('%s reads what it is entitled to, field by field', async (_name, standing, roles) => {
    const client = story.as({ ...standing.person, roles })
    const asked = queries().map(async (query) => ({
      ...query,
      answer: await client.send(query.document, query.variables),
    }))
    for (const { name, of, field, answer } of await Promise.all(asked)) {
      const entitled: Entitled = entitledTo(standing, roles, of)
      if (!mayAsk(field, entitled)) {
        expect(codesOf(answer), name).toEqual(['FORBIDDEN'])
        expect(answer.data?.['answer'] ?? null, name).toBeNull()
        continue
      }
      expect(codesOf(answer), name).toEqual([])
      const masked = { closed: keys.closed.maskedId, open: '' }[of ?? 'open']
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
  })

  // What roles give together is what each of them gives: the tests of roles show it for mutations too.
  it.each(callers.filter(([, , roles]) => roles.length < 2))(
    '%s may do what it is entitled to, and no more',
    async (_name, standing, roles) => {
      const client = story.as({ ...standing.person, roles })
      for (const of of ['closed', 'open'] as const) {
        const entitled = entitledTo(standing, roles, of)
        for (const mutation of keyMutations) {
          const { name, input, invalidInput } = mutation
          // Nothing is to change: whoever is let in is told that the input, or what it expects, is wrong.
          const given = (invalidInput ?? ((target: Target) => ({ ...input(target), ...unexpected[name] })))(
            keys[of],
          )
          const outcome = readOutcome(name, await client.send(documentOf(name), { input: given }))
          expect(outcome, `${name} ${of}`).toMatch(expectedOutcome(name, entitled))
        }
      }
      const { abilities } = entitledTo(standing, roles, null)
      const permitted = (name: string) => {
        const rule = mutationRules[name]
        return rule === 'SERVICE' ? standing.person.kind === 'SERVICE_AGENT' : abilities.has(rule as 'use')
      }
      for (const [name, input] of Object.entries(withoutKey)) {
        const outcome = readOutcome(name, await client.send(documentOf(name), { input }))
        expect(outcome, name).toMatch(permitted(name) ? /Error$|Payload$/ : /^FORBIDDEN$/)
      }
    },
  )

  it('every mutation is tried', () => {
    const tried = [...keyMutations.map(({ name }) => name), ...Object.keys(withoutKey)]
    expect(tried.sort()).toEqual(Object.keys(mutationRules).sort())
  })
})

const codesOf = ({ errors }: Answer) => errors.map(({ extensions }) => extensions.code)

const unexpected: Readonly<Record<string, object>> = {
  activateUserKey: { expectedRevision: 1_000_000 },
  disableAccessControl: { expectedRevision: 1_000_000 },
  rotateUserKey: { expectedRevision: 1_000_000 },
}

const withoutKey: Readonly<Record<string, object>> = {
  createUserKey: { name: 'Not A Name' },
  bindRole: { subject: 'not a subject', role: 'KMS_VIEWER' },
  unbindRole: { subject: 'not a subject', role: 'KMS_VIEWER' },
  generateRandom: { bytes: 0 },
  encryptWithServiceKey: { plaintext: base64(new Uint8Array(70_000)) },
  decryptWithServiceKey: { ciphertext: base64('none') },
  generateServiceDataKey: { bytes: 0 },
}

function mayAsk(query: string, { abilities, sees, manages }: Entitled): boolean {
  const rule = queryRules[query]
  if (rule === 'NOTHING') return true
  if (rule === 'ANY_ROLE') return abilities.size > 0
  if (rule !== 'manage') return abilities.has(rule as 'view')
  return sees === 'whole' ? manages : abilities.has('manage') || abilities.has('manageOwn')
}

/** The order of checks: role, the key in the project of the caller, access to it, and all else. */
function expectedOutcome(name: string, { abilities, sees, manages }: Entitled): RegExp {
  const isUse = mutationRules[name] === 'use'
  const hasRole = isUse ? abilities.has('use') : abilities.has('manage') || abilities.has('manageOwn')
  if (!hasRole) return /^FORBIDDEN$/
  if (sees === 'absent') return /^decrypt/.test(name) ? /^InvalidCiphertextError$/ : /^KeyNotFoundError$/
  if (sees === 'redacted' || (!isUse && !manages)) return /^FORBIDDEN$/
  return /^(?!KeyNotFoundError|ForbiddenError)\w+Error$/
}
