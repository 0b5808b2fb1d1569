import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readIssuersFile } from '../../src/auth/issuers-file.ts'
import { presets } from '../../src/auth/presets.ts'
import { readConfig } from '../../src/config.ts'
import { providerEntries } from './provider-entries.ts'
import { providerFixtures } from './provider-fixtures.ts'
import { readRealTokens } from './real-tokens.ts'
import { authenticatorOf, newFolder, outcomeOf } from './rule-entries.ts'
import { outcomeOfToken, type UnsignedToken } from './signed-anew.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/tokens.md'), 'utf8')
const real = readRealTokens()

/** What an entry makes of a token: subject, groups and roles, or a part of the reason. */
type Row =
  | readonly [subject: string, groups?: readonly string[], roles?: readonly string[]]
  | { readonly refused: string }

const wrongAudience = { refused: `the audience ("aud") is none of the entry's` }
const forOtherUse = { refused: 'The token is not an access token' }
const opaque = { refused: 'The token is opaque' }
const bound = { refused: 'bound to a key of its holder' }
const otherAlgorithm = { refused: 'an algorithm that is not accepted' }
const noSubject = { refused: 'The token has no "sub"' }

const keycloakAlice = 'user:2e01cda2-f437-444f-a10d-39874bad4d9e'
const keycloakService = 'service-account:2aa84622-e42c-49d1-8da6-1b1be7ea8361'
const keycloakGroups = ['payments/leads', 'payments']
const dexAlice = 'user:CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs'
const dexService: Row = ['service-account:CghwYXltZW50cw']
const groups = ['payments', 'payments/leads']
const casdoorAlice = 'user:22f10635-d3ec-4bcc-a8c8-1f8b29dd70d0'
const podAccount = 'service-account:system:serviceaccount:payments:api'
const workload = 'service-account:spiffe://shop.example/ns/payments/sa/api'

/** One row for each token of the shared folder. */
const rows: Readonly<Record<string, Row>> = {
  'casdoor-service-jwt': ['service-account:admin/console'],
  // The same bytes as the access token: nothing tells them apart.
  'casdoor-user-id-token': [casdoorAlice, ['shop/pay-team'], ['KMS_USER']],
  'casdoor-user-jwt': [casdoorAlice, ['shop/pay-team'], ['KMS_USER']],
  'casdoor-user-jwt-custom': [casdoorAlice, ['shop/pay-team'], ['KMS_USER']],
  'casdoor-user-jwt-empty': [casdoorAlice],
  'casdoor-user-jwt-standard': [casdoorAlice],
  'dex-service-aud-access-token': dexService,
  'dex-service-noscope-access-token': dexService,
  'dex-service-openid-access-token': dexService,
  'dex-service-openid-aud-access-token': dexService,
  'dex-service-openid-aud-id-token': dexService,
  'dex-service-openid-id-token': dexService,
  'dex-user-access-token': [dexAlice, groups],
  'dex-user-cross-client-access-token': [dexAlice, groups],
  'dex-user-cross-client-id-token': [dexAlice, groups],
  'dex-user-id-token': [dexAlice, groups],
  'hydra-service-audience': ['service-account:payments'],
  'hydra-service-no-audience': wrongAudience,
  'hydra-service-opaque-audience': opaque,
  'hydra-service-opaque-no-audience': opaque,
  'hydra-user-ext': ['user:alice', groups, ['KMS_USER']],
  'hydra-user-id-token': forOtherUse,
  'hydra-user-no-audience': wrongAudience,
  'keycloak-logout-token': forOtherUse,
  'keycloak-refresh-token': otherAlgorithm,
  'keycloak-service-default': wrongAudience,
  'keycloak-service-full-scope-off': wrongAudience,
  'keycloak-service-mappers': [keycloakService, [], ['KMS_USER']],
  'keycloak-service-other-hostname': { refused: 'an issuer that this server does not trust' },
  'keycloak-service-realm-role': [keycloakService, [], ['KMS_USER']],
  'keycloak-user-400-groups': { refused: 'longer than 12288 characters' },
  'keycloak-user-at-jwt': [keycloakAlice, keycloakGroups, ['KMS_MANAGER']],
  'keycloak-user-default': [keycloakAlice, [], ['KMS_MANAGER']],
  'keycloak-user-default-id-token': forOtherUse,
  'keycloak-user-dpop': bound,
  'keycloak-user-hs256': otherAlgorithm,
  'keycloak-user-lightweight': noSubject,
  'keycloak-user-mappers': [keycloakAlice, keycloakGroups, ['KMS_MANAGER']],
  'keycloak-user-named-like-service': ['user:d4be9fc4-66d0-4dd6-9bf2-3e500095bed4'],
  'keycloak-user-no-basic-scope': noSubject,
  'keycloak-user-organization-object': [keycloakAlice, keycloakGroups, ['KMS_MANAGER']],
  'keycloak-user-password-grant': [keycloakAlice, [], ['KMS_MANAGER']],
  'keycloak-user-realm-role': [keycloakAlice, keycloakGroups, ['KMS_MANAGER']],
  'kubernetes-sa-audience': [podAccount],
  'kubernetes-sa-default-audience': wrongAudience,
  'kubernetes-sa-pod-3607-default-audience': { refused: 'valid for longer than' },
  'kubernetes-sa-pod-3607-keystead': [podAccount],
  'oidc-provider-service-mtls': bound,
  'oidc-provider-service-no-resource': opaque,
  'oidc-provider-service-resource': ['service-account:payments', [], ['KMS_USER']],
  'oidc-provider-user-id-token': forOtherUse,
  'oidc-provider-user-no-resource': opaque,
  'oidc-provider-user-resource': ['user:alice', groups, ['KMS_USER']],
  'openbao-identity-machine-plain': wrongAudience,
  'openbao-identity-user-plain': wrongAudience,
  'openbao-identity-user-templated': ['user:0f85e848-6c72-fc42-8814-3f035ffa9740', groups, ['KMS_USER']],
  'openbao-provider-user-access-token': opaque,
  'openbao-provider-user-id-token': ['user:0f85e848-6c72-fc42-8814-3f035ffa9740', groups],
  'spire-svid': [workload],
  'spire-svid-no-issuer': [workload],
  'spring-service': ['service-account:payments'],
  'spring-service-reference': opaque,
  'spring-user-access-token': ['user:alice'],
  'spring-user-id-token': forOtherUse,
}

async function outcomeOfFile(name: string, settings: object = {}): ReturnType<typeof outcomeOf> {
  const { provider, header, payload, discovery } = real.get(name) ?? {}
  const [key = ''] = name.startsWith('openbao') ? [name.split('-', 2).join('-')] : [provider]
  const known = providerEntries[key]
  if (known === undefined || payload === undefined) throw new TypeError(`no entry for ${name}`)
  const entry = { ...known, settings: { ...(known['settings'] as object), ...settings } } as typeof known
  // The issuer of the provider's document, or, where the token is without one, that of the token.
  const issuer =
    payload['iss'] === undefined ? undefined : (entry['issuer'] ?? payload['iss'] ?? discovery?.['issuer'])
  const located = { ...entry, ...(issuer !== undefined && { issuer }) }
  if (header === null || header === undefined) {
    const entries = [{ name: 'sso', issuer: 'https://sso.test', ...located, trustDomain: undefined }]
    return outcomeOf(authenticatorOf(entries), String(payload['looksLike']))
  }
  return outcomeOfToken(located, { header, payload })
}

// They are not part of the project, so that they are not required where TOKENS_DIR names no folder.
if (real.size === 0) console.warn('Left out: tokens of real providers. TOKENS_DIR names no folder with them.')

describe.skipIf(real.size === 0)('a token that a real provider issued', () => {
  test('has a row in this file', () => {
    expect(Object.keys(rows).sort()).toEqual([...real.keys()].sort())
  })

  test.each(Object.keys(rows))('%s comes out as its row says', async (name) => {
    const row = rows[name] ?? []
    const outcome = await outcomeOfFile(name)
    if ('refused' in row) {
      expect(outcome).toMatchObject({ reason: expect.stringContaining(row.refused) })
      return
    }
    const [subject, given = [], roles = []] = row
    const projectId = name.startsWith('kubernetes') || name.startsWith('spire') ? 'payments' : 'shop'
    expect(outcome).toMatchObject({ subject, projectId, groups: given, roles: new Set(roles) })
  })
})

describe.skipIf(real.size === 0)('the project of a real token', () => {
  test.each<[string, object, string]>([
    ['keycloak-user-mappers', { claim: 'project' }, 'shop'],
    ['keycloak-user-organization-object', { claim: 'organization', keys: true }, 'acme'],
    ['hydra-user-ext', { claim: ['ext', 'project'] }, 'shop'],
    ['casdoor-user-jwt', { claim: 'owner' }, 'shop'],
    ['casdoor-user-jwt', { claim: 'groups', template: '{project}/{group}', part: 'project' }, 'shop'],
    [
      'dex-user-access-token',
      { claim: 'email', template: '{name}@{domain}.example', part: 'domain' },
      'shop',
    ],
    [
      'spire-svid',
      { claim: 'sub', template: 'spiffe://{domain}/ns/{ns}/sa/{name}', part: 'domain' },
      'shop.example',
    ],
    ['kubernetes-sa-pod-3607-keystead', { claim: ['kubernetes.io', 'pod', 'name'] }, 'api-1'],
    [
      'kubernetes-sa-audience',
      {
        join: [
          { claim: ['kubernetes.io', 'namespace'] },
          { claim: ['kubernetes.io', 'serviceaccount', 'name'] },
        ],
        separator: '/',
      },
      'payments/api',
    ],
  ])('of %s from %j is %s', async (name, project, expected) => {
    expect(await outcomeOfFile(name, { project })).toMatchObject({ projectId: expected })
  })

  test('is never taken from several values, or from an absent one', async () => {
    const fromGroups = await outcomeOfFile('keycloak-user-mappers', { project: { claim: 'groups' } })
    expect(fromGroups).toMatchObject({ reason: 'the project has 2 values and must have one' })
    // This claim of the token is "".
    const absent = await outcomeOfFile('casdoor-user-jwt', { project: { claim: 'region' } })
    expect(absent).toMatchObject({ reason: 'the project has no value' })
  })
})

describe.skipIf(real.size === 0)('the display name of a real token', () => {
  test.each<[string, string | undefined]>([
    ['casdoor-service-jwt', 'console'],
    ['casdoor-user-jwt', 'Alice Example'],
    ['casdoor-user-jwt-custom', 'alice'],
    ['casdoor-user-jwt-standard', 'Alice Example'],
    ['dex-service-aud-access-token', undefined],
    ['dex-user-access-token', 'Alice Example'],
    ['hydra-user-ext', undefined],
    ['keycloak-service-mappers', 'service-account-payments'],
    ['keycloak-user-default', 'alice'],
    ['kubernetes-sa-audience', undefined],
    ['openbao-identity-user-templated', 'alice'],
    ['spire-svid', undefined],
    ['spring-user-access-token', undefined],
  ])('%s is %j, and none where the settings say so', async (name, expected) => {
    const outcome = await outcomeOfFile(name)
    expect('displayName' in outcome ? outcome.displayName : undefined).toBe(expected)
    expect(await outcomeOfFile(name, { displayName: [] })).not.toHaveProperty('displayName')
  })
})

test('a token with 250 groups of 28 characters is not too long', async () => {
  const groups = Array.from(
    { length: 250 },
    (_, index) => `/departments/cost-center-${String(index).padStart(3, '0')}`,
  )
  const payload = {
    iss: 'https://sso.test',
    iat: 0,
    exp: 600,
    sub: 'a',
    typ: 'Bearer',
    aud: 'keystead',
    groups,
  }
  const entry = {
    preset: 'keycloak',
    issuer: 'https://sso.test',
    settings: { client: 'keystead', project: 'shop' },
  }
  const outcome = await outcomeOfToken(entry, { header: { alg: 'RS256', kid: 'k' }, payload })
  expect(outcome).toMatchObject({
    subject: 'user:a',
    groups: expect.arrayContaining(['departments/cost-center-249']),
  })
})

test.each<[string, object, string]>([
  ['a service', { client_id: 'payments' }, 'service-account'],
  ['a service whose client lacks the scope service_account', {}, 'service-account'],
  ['a person with the name of a service', { sid: 's' }, 'user'],
])('of Keycloak, %s is one', async (_, claims, kind) => {
  const payload = {
    ...{ iss: 'https://sso.test', iat: 0, exp: 600, sub: 'a', typ: 'Bearer', aud: 'keystead' },
    preferred_username: 'service-account-payments',
    ...claims,
  }
  const settings = { client: 'keystead', project: 'shop' }
  const entry = { preset: 'keycloak', issuer: 'https://sso.test', settings }
  const outcome = await outcomeOfToken(entry, { header: { alg: 'RS256', kid: 'k' }, payload })
  expect(outcome).toMatchObject({ subject: `${kind}:a` })
})

describe('a token made after the documentation of its provider:', () => {
  test.each(Object.entries(providerFixtures))('%s', async (_, { entry, payload, expected }) => {
    const { iss } = payload
    const located = { ...(entry['preset'] !== 'google' && iss !== undefined && { issuer: iss }), ...entry }
    const token: UnsignedToken = { header: { alg: 'RS256', typ: 'JWT', kid: 'k' }, payload }
    const outcome = await outcomeOfToken(located, token)
    const { subject, displayName, project, groups: given, roles, refused } = expected
    expect(outcome).toMatchObject({
      ...(refused !== undefined && { reason: expect.stringContaining(refused) }),
      ...(subject !== undefined && { subject }),
      ...(displayName !== undefined && { displayName }),
      ...(project !== undefined && { projectId: project }),
      ...(given !== undefined && { groups: given }),
      ...(roles !== undefined && { roles: new Set(roles) }),
    })
  })
})

describe('each preset', () => {
  const tested = new Set([
    ...Object.values(providerEntries).map(({ preset }) => preset),
    ...Object.values(providerFixtures).map(({ entry }) => entry['preset']),
  ])

  test.each(Object.keys(presets))('%s is tested, and has a row and a section in docs/tokens.md', (name) => {
    expect(tested).toContain(name)
    const row = guide.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    expect(row).toBeDefined()
    for (const setting of Object.keys(presets[name]?.required ?? {})) expect(row).toContain(`\`${setting}\``)
    for (const setting of Object.keys(presets[name]?.optional ?? {})) expect(row).toContain(`\`${setting}\``)
  })
})

describe('docs/tokens.md', () => {
  const examples = [...guide.matchAll(/^```json\n(.*?)^```/gms)].map(([, text = '']) => text)

  test('has examples of both forms that can be used', () => {
    const forms = examples
      .map((text) => JSON.parse(text) as { issuers?: unknown; version?: number })
      .filter(({ issuers }) => issuers !== undefined)
      .map((content) => {
        const file = join(newFolder(), 'issuers.json')
        writeFileSync(file, JSON.stringify(content))
        return readIssuersFile(file, readConfig({ AUTH_ISSUERS_FILE: file })).form
      })
    expect(forms).toEqual(['rules', 'claims'])
  })
})
