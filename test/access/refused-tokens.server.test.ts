import { createHmac, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimsWith, createSigner, type Signer, tokenOf } from '../auth/tokens.ts'
import { base64, endStory, type Story, startStory } from '../support/story.ts'
import { mutationRules, queryRules, subscriptionRules } from './entitlement-table.ts'
import { documentOf, keyMutations } from './key-mutations.ts'
import { wholeSelectionOf } from './whole-selection.ts'

const keyId = 'ukey_01h455vb4pex5vsknk084sn02q'
const versionId = 'kver_01h455vb4pex5vsknk084sn02q'
const target = { keyId, ciphertext: base64('none') }

const queries: Readonly<Record<string, string>> = {
  viewer: `viewer ${wholeSelectionOf('Viewer')}`,
  keyAlgorithms: 'keyAlgorithms { algorithm }',
  node: `node(id: "${keyId}") { id }`,
  nodes: `nodes(ids: ["${keyId}"]) { id }`,
  userKey: `userKey(key: "${keyId}") { id }`,
  userKeys: 'userKeys { totalCount }',
  serviceKey: 'serviceKey(by: { service: "Backup" }) { id }',
  serviceKeys: 'serviceKeys { totalCount }',
  userKeyCounts: 'userKeyCounts { total }',
  upcomingEvents: 'upcomingEvents(until: "2027-01-01T00:00:00Z") { totalCount }',
  destroyImpact: `destroyImpact(version: { id: "${versionId}" }) { verdict }`,
  explainAccess: `explainAccess(key: "${keyId}", subject: "user:bob", operation: SIGN) { allowed }`,
  explainMyAccess: `explainMyAccess(key: "${keyId}", operation: SIGN) { allowed }`,
  auditEvents: 'auditEvents { totalCount }',
  usageSeries:
    'usageSeries(from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", interval: DAY) { interval }',
  roleBindings: 'roleBindings { totalCount }',
  _entities: `_entities(representations: [{ __typename: "UserKey", id: "${keyId}" }]) { __typename }`,
  _service: '_service { sdl }',
}

const subscriptions: Readonly<Record<string, string>> = {
  keyEvents: `keyEvents(key: "${keyId}") { at }`,
  userKeysChanged: 'userKeysChanged { at }',
}

const withoutKey: Readonly<Record<string, object>> = {
  createUserKey: { name: 'orders' },
  generateRandom: {},
  encryptWithServiceKey: { plaintext: '' },
  decryptWithServiceKey: { ciphertext: base64('none') },
  generateServiceDataKey: {},
  bindRole: { subject: 'user:eve', role: 'PROJECT_ADMIN' },
  unbindRole: { subject: 'user:eve', role: 'PROJECT_ADMIN' },
}

/** Every query, every subscription and every mutation. */
const operations = [
  ...Object.entries(queries).map(([name, field]) => ({ name, query: `{ ${field} }`, variables: {} })),
  ...Object.entries(subscriptions).map(([name, field]) => ({
    name,
    query: `subscription { ${field} }`,
    variables: {},
  })),
  ...keyMutations.map(({ name, input }) => ({
    name,
    query: documentOf(name),
    variables: { input: input(target) },
  })),
  ...Object.entries(withoutKey).map(([name, input]) => ({
    name,
    query: documentOf(name),
    variables: { input },
  })),
]

const nowSeconds = Date.parse('2026-03-01T12:00:00Z') / 1000
const claims = (changes: object = {}) =>
  claimsWith({ iat: nowSeconds, exp: nowSeconds + 600, roles: ['PROJECT_ADMIN'], ...changes })

describe('a token that is not accepted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  let story: Story
  const signers = {} as Record<'EdDSA' | 'ES256' | 'RS256', Signer>

  beforeAll(async () => {
    for (const algorithm of ['EdDSA', 'ES256', 'RS256'] as const) {
      signers[algorithm] = await createSigner(algorithm, algorithm)
    }
    const file = join(folder, 'jwks.json')
    writeFileSync(file, JSON.stringify({ keys: Object.values(signers).map(({ jwk }) => jwk) }))
    story = await startStory({ AUTH_JWKS_FILE: file, AUTH_FAILURES_PER_MINUTE_MAX: '0' })
  })
  afterAll(async () => {
    await endStory(story)
    rmSync(folder, { recursive: true, force: true })
  })

  async function send(token: string | null, operation: (typeof operations)[number]) {
    story.takeStatements()
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: operation.query, variables: operation.variables }),
    })
    const text = await response.text()
    return { status: response.status, text, statements: story.takeStatements() }
  }

  function hmacToken(secret: string | Buffer, { alg = 'HS256', kid }: { alg?: string; kid: string }): string {
    const unsigned = tokenOf({ alg, typ: 'at+jwt', kid }, claims(), '').slice(0, -1)
    const mac = createHmac(alg.replace('HS', 'sha'), secret).update(unsigned).digest('base64url')
    return `${unsigned}.${mac}`
  }

  /** The forms in which somebody may take a public key for a secret. */
  function secretsOf({ jwk }: Signer): (string | Buffer)[] {
    const key = createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' })
    const pem = key.export({ type: 'spki', format: 'pem' }).toString()
    const raw = Buffer.from(String(jwk['x'] ?? jwk['n']), 'base64url')
    return [pem, pem.trim(), key.export({ type: 'spki', format: 'der' }), raw, JSON.stringify(jwk)]
  }

  async function refusedTokens(): Promise<[string, string | null][]> {
    const signer = signers.EdDSA
    const injected: [string, string | Buffer][] = [
      ['../../../../../dev/null', ''],
      ['/dev/null', ''],
      ["x' UNION SELECT 'secret' -- ", 'secret'],
      ['$(cat /dev/null)', ''],
      ['__proto__', ''],
      ['https://evil.test/key', 'secret'],
    ]
    return [
      ['none', null],
      ['expired', await signer.sign(claims({ exp: nowSeconds - 60 }))],
      ['of another audience', await signer.sign(claims({ aud: 'other' }))],
      ['of another issuer', await signer.sign(claims({ iss: 'https://other.test' }))],
      ['bound to a key of its holder', await signer.sign(claims({ cnf: { jkt: 'print' } }))],
      ['without a project', await signer.sign(claims({ project: undefined }))],
      ...['none', 'None', 'nOnE', ''].map((alg): [string, string] => [
        `with alg "${alg}"`,
        tokenOf({ alg, typ: 'at+jwt', kid: 'EdDSA' }, claims(), ''),
      ]),
      ...(['HS256', 'HS384', 'HS512'] as const).flatMap((alg) =>
        Object.entries(signers).flatMap(([kid, each]) =>
          secretsOf(each).map((secret, index): [string, string] => [
            `${alg} with the public key ${kid} as secret, form ${index}`,
            hmacToken(secret, { alg, kid }),
          ]),
        ),
      ),
      ...injected.map(([kid, secret]): [string, string] => [
        `with key ID ${kid}`,
        hmacToken(secret, { kid }),
      ]),
      ...(await Promise.all(
        injected.map(
          async ([kid]): Promise<[string, string]> => [
            `signed by another, with key ID ${kid}`,
            await (await createSigner('EdDSA', kid)).sign(claims()),
          ],
        ),
      )),
    ]
  }

  it('is tried with every query, every subscription and every mutation', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual(
      [queryRules, subscriptionRules, mutationRules].flatMap((rules) => Object.keys(rules)).sort(),
    )
  })

  it('would be accepted if it were as it should be, from each of the keys', async () => {
    const [viewer] = operations
    if (viewer === undefined) throw new Error('there is a first')
    for (const signer of Object.values(signers)) {
      const answer = await send(await signer.sign(claims()), viewer)
      expect(answer.text).toContain('"user:alice"')
    }
  })

  it('answers the same whatever is asked, and nothing is asked of the database', async () => {
    for (const [what, token] of await refusedTokens()) {
      const answers = new Set<string>()
      // What is refused before anything is read need not be repeated for each form of a secret.
      const asked = what.startsWith('HS') ? operations.slice(0, 3) : operations
      for (const operation of asked) {
        const { status, text, statements } = await send(token, operation)
        expect({ status, statements }, `${what}: ${operation.name}`).toEqual({ status: 401, statements: [] })
        expect(text, what).toContain('"UNAUTHENTICATED"')
        answers.add(text)
      }
      expect([...answers], what).toHaveLength(1)
    }
  })
})
