import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRemoteJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { ExternalSigningKey, Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../packages/client/src/index.ts'
import { parseId } from '../../src/ids.ts'
import {
  changeKey,
  deciding,
  generatingMaterial,
  systemContextOf,
} from '../../src/keys/changing/change-key.ts'
import { createKeySets } from '../../src/keys/changing/key-sets.ts'
import type { KeyCommand } from '../../src/keys/rules/lifecycle.ts'
import { createJwks } from '../../src/server/http/jwks.ts'
import type { Admission } from '../../src/server/load/admission.ts'
import { RateLimitedError } from '../../src/server/load/rate-limit.ts'
import { openTrail } from '../audit/opened-trail.ts'
import { askForTokens } from '../auth/log-in.ts'
import { quietly } from '../auth/real-provider.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const max: Person = { name: 'max', roles: ['KMS_VIEWER'] }

let story: Story
beforeAll(async () => {
  story = await startStory({ AUTH_FAILURES_PER_MINUTE_MAX: '40' })
})
afterAll(() => endStory(story))

const jwks = 'jwks { path jwsAlgorithm publishAheadHours tokenLifetimeMinutes nextKeyId nextSignsFrom }'

/** Creates a key for signatures; gives its ID. */
async function createKey(name: string, input: object = {}): Promise<string> {
  const made = await story
    .as(mia)
    .mutate('createUserKey', { name, algorithm: 'EC_P256', usage: 'SIGN_VERIFY', ...input }, 'userKey { id }')
  return made['userKey'].id
}

async function publish(key: string, terms: object = {}) {
  const made = await story
    .as(mia)
    .mutate('publishJwks', { key, tokenLifetimeMinutes: 60, ...terms }, `userKey { revision ${jwks} }`)
  expect(made).toMatchObject({ __typename: 'PublishJwksPayload' })
  return made['userKey'].jwks
}

/** Publishes a new key; gives its ID and the address of its set. */
async function createPublished(name: string, terms: object = {}, input: object = {}) {
  const key = await createKey(name, input)
  return { key, path: (await publish(key, terms)).path as string }
}

const urlOf = (path: string): string => `${story.app.url}${path}`

/** Gets a set once what the server remembers of it is over. */
async function fetchSet(path: string, init: RequestInit = {}): Promise<Response> {
  story.clock.advance({ ms: story.config.CACHE_LIFETIME_MS })
  return fetch(urlOf(path), init)
}

async function kidsAt(path: string): Promise<(string | undefined)[]> {
  const set = (await (await fetchSet(path)).json()) as JSONWebKeySet
  return set.keys.map(({ kid }) => kid)
}

async function versionsOf(key: string): Promise<{ id: string }[]> {
  const document = `query($key: KeyRef!) { userKey(key: $key) {
    versions(first: 20) { nodes { id } } } }`
  const { userKey } = await story.as(mia).ask<{ userKey: { versions: { nodes: [] } } }>(document, { key })
  return userKey.versions.nodes
}

async function jwksOf(key: string) {
  const document = `query($key: KeyRef!) { userKey(key: $key) { ${jwks} } }`
  return (await story.as(mia).ask<{ userKey: { jwks: Record<string, string> | null } }>(document, { key }))
    .userKey.jwks
}

const rotate = (key: string, input: object = {}) =>
  story
    .as(mia)
    .mutate('rotateUserKey', { key, ...input }, 'version { id number }', '... on OtherError { codeText }')

describe('a published key set', () => {
  it('has the public keys of the version that signs and of the next one, and says nothing else', async () => {
    const { key, path } = await createPublished('plain')
    const [first] = await versionsOf(key)
    const next = (await jwksOf(key))?.['nextKeyId']
    const response = await fetchSet(path)
    expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
      200,
      {
        'content-type': 'application/jwk-set+json',
        'cache-control': 'public, max-age=300',
        'access-control-allow-origin': '*',
        etag: expect.stringMatching(/^"[\w-]{32}"$/),
      },
    ])
    const point = { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) }
    const text = await response.text()
    expect(JSON.parse(text)).toEqual({
      keys: [first?.id, next].map((kid) => ({ kid, use: 'sig', alg: 'ES256', ...point })),
    })
    expect(path).toMatch(/^\/jwks\/[\w-]{43}\.json$/)
    const { userKey } = await story
      .as(mia)
      .ask<{ userKey: { defaultVersion: { publicKey: { jwk: object } } } }>(
        'query($key: KeyRef!) { userKey(key: $key) { defaultVersion { publicKey { jwk } } } }',
        { key },
      )
    expect(userKey.defaultVersion.publicKey.jwk).toEqual(JSON.parse(text).keys[0])
    const head = await fetch(urlOf(path), { method: 'HEAD' })
    expect([head.status, head.headers.get('etag')]).toEqual([200, response.headers.get('etag')])
    const again = await fetch(urlOf(path), { headers: { 'if-none-match': head.headers.get('etag') ?? '' } })
    expect([again.status, again.headers.get('cache-control')]).toEqual([304, 'public, max-age=300'])
    const posted = await fetch(urlOf(path), { method: 'POST', body: '{}' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('lists a key ahead of its first signature, and until its last token has expired', async () => {
    const { key, path } = await createPublished('manual', { publishAheadHours: 2, tokenLifetimeMinutes: 30 })
    const [a] = await kidsAt(path)
    const early = await rotate(key)
    expect(early).toMatchObject({ __typename: 'OtherError', codeText: 'NEXT_VERSION_TOO_NEW' })
    expect(early['message']).toContain((await jwksOf(key))?.['nextSignsFrom'])
    const b = (await jwksOf(key))?.['nextKeyId']
    expect(await kidsAt(path)).toEqual([a, b])
    story.clock.advance({ hours: 2 })
    expect((await rotate(key))['version']).toEqual({ id: b, number: 2 })
    const c = (await jwksOf(key))?.['nextKeyId']
    expect(await kidsAt(path)).toEqual([b, a, c])
    expect(await rotate(key)).toMatchObject({ codeText: 'NEXT_VERSION_TOO_NEW' })
    story.clock.advance({ minutes: 30 })
    // Replicas may have signed with it for some seconds more, and clocks of verifiers may be behind.
    expect(await kidsAt(path)).toEqual([b, a, c])
    story.clock.advance({ minutes: 6 })
    expect(await kidsAt(path)).toEqual([b, c])
  })

  it('follows automatic rotation, which waits until the next key is known', async () => {
    const { key, path } = await createPublished(
      'automatic',
      { publishAheadHours: 72, tokenLifetimeMinutes: 1440 },
      { automaticRotation: { enabled: true, cycleDays: 2 } },
    )
    const [a, b] = await kidsAt(path)
    story.clock.advance({ days: 2 })
    await story.app.housekeeping.runOnce()
    expect(await kidsAt(path)).toEqual([a, b])
    story.clock.advance({ days: 1 })
    await story.app.housekeeping.runOnce()
    const [newest, before, next, ...more] = await kidsAt(path)
    expect([newest, before, more]).toEqual([b, a, []])
    expect((await versionsOf(key)).map(({ id }) => id).sort()).toEqual([a, b].sort())
    story.clock.advance({ days: 3 })
    await story.app.housekeeping.runOnce()
    expect((await kidsAt(path)).slice(0, 2)).toEqual([next, b])
  })

  it('drops a version at once when it is deactivated, and lists it again when it is activated', async () => {
    const { key, path } = await createPublished('stopped', {
      publishAheadHours: 1,
      tokenLifetimeMinutes: 600,
    })
    const [a, b] = await kidsAt(path)
    story.clock.advance({ hours: 1 })
    await rotate(key)
    const [, , c] = await kidsAt(path)
    await story.as(mia).mutate('deactivateKeyVersion', { version: { key, number: 1 } })
    expect(await kidsAt(path)).toEqual([b, c])
    await story.as(mia).mutate('deactivateKeyVersion', { version: { key, number: 2 } })
    expect(await kidsAt(path)).toEqual([c])
    await story.as(mia).mutate('activateKeyVersion', { version: { key, number: 1 } })
    expect(await kidsAt(path)).toEqual([a, c])
    // The emergency: both are lost, and verifiers know the next one for half an hour.
    story.clock.advance({ minutes: 30 })
    const forced = await rotate(key, { allowUnknownKey: true })
    expect(forced['version']).toEqual({ id: c, number: 3 })
    const [signs, old, d] = await kidsAt(path)
    expect([signs, old, (await jwksOf(key))?.['nextKeyId']]).toEqual([c, a, d])
  })

  it('keeps its address while its terms change, and never uses it again', async () => {
    const { key, path } = await createPublished('moved')
    const [, next] = await kidsAt(path)
    const changed = await publish(key, { publishAheadHours: 5, tokenLifetimeMinutes: 5 })
    expect(changed).toMatchObject({ path, publishAheadHours: 5, tokenLifetimeMinutes: 5, nextKeyId: next })
    await story.as(mia).mutate('unpublishJwks', { key })
    expect(await jwksOf(key)).toBe(null)
    expect((await fetchSet(path)).status).toBe(404)
    const { revision } = (await story.as(mia).mutate('unpublishJwks', { key }, 'userKey { revision }'))[
      'userKey'
    ]
    expect(revision).toBe(4)
    const other = await publish(key)
    expect(other.path).not.toBe(path)
    expect(other.nextKeyId).not.toBe(next)
    expect((await fetchSet(path)).status).toBe(404)
  })

  it('is gone with its key', async () => {
    const { key, path } = await createPublished('doomed')
    const version = { key, number: 1 }
    await story.as(mia).mutate('deactivateKeyVersion', { version })
    story.clock.advance({ minutes: 1 })
    await story.as(mia).mutate('destroyKeyVersion', { version, waitingPeriodDays: 0 })
    expect(await kidsAt(path)).toEqual([(await jwksOf(key))?.['nextKeyId']])
    const deleted = await story.as(mia).mutate('deleteUserKey', { key, confirmName: 'doomed' })
    expect(deleted).toMatchObject({ __typename: 'DeleteUserKeyPayload' })
    expect((await fetchSet(path)).status).toBe(404)
  })

  it.each([
    [{ algorithm: 'AES_256_GCM', usage: 'ENCRYPT_DECRYPT' }, {}, 'InvalidKeyUsageError'],
    [{ algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }, {}, 'InvalidKeyUsageError'],
    [{ algorithm: 'HMAC_SHA256', usage: 'GENERATE_VERIFY_MAC' }, {}, 'InvalidKeyUsageError'],
    [{ origin: 'EXTERNAL' }, {}, 'InvalidKeyOriginError'],
    [{ preActivation: true }, {}, 'InvalidKeyStateError'],
    [{}, { tokenLifetimeMinutes: 0 }, 'InputValidationError'],
    [{}, { tokenLifetimeMinutes: 129_601 }, 'InputValidationError'],
    [{}, { publishAheadHours: 0 }, 'InputValidationError'],
    [{}, { publishAheadHours: 721 }, 'InputValidationError'],
    [{}, { jwsAlgorithm: 'RS256' }, 'InputValidationError'],
  ])('is refused for %j with %j', async (input, terms, error) => {
    const key = await createKey(`refused-${Math.random().toString(36).slice(2)}`, input)
    const answer = await story.as(mia).mutate('publishJwks', { key, tokenLifetimeMinutes: 60, ...terms })
    expect(answer.__typename).toBe(error)
    expect(await jwksOf(key)).toBe(null)
  })
})

describe('verifiers', () => {
  const client = () => createClient({ url: story.app.url, token: () => story.tokenFor(mia) })
  /** A verifier that fetches the set now and never again. */
  const remote = (path: string) => {
    story.clock.advance({ ms: story.config.CACHE_LIFETIME_MS })
    return createRemoteJWKSet(new URL(urlOf(path)), { cacheMaxAge: Number.POSITIVE_INFINITY })
  }

  it.each(['EC_P256', 'ED25519', 'ML_DSA_44'])(
    'accept tokens of a key with %s, which signJwt signs',
    async (algorithm) => {
      const { key, path } = await createPublished(`jose-${algorithm.toLowerCase()}`, {}, { algorithm })
      const token = await client().signJwt({ sub: 'ada' }, { key })
      expect((await jwtVerify(token, remote(path))).payload).toEqual({ sub: 'ada' })
    },
  )

  it('accept the chosen algorithm of an RSA key only', async () => {
    const terms = { jwsAlgorithm: 'RS256' }
    const { key, path } = await createPublished('rsa', terms, { algorithm: 'RSA_2048' })
    const set = remote(path)
    const sign = (alg: string) => client().signJwt({ sub: 'ada' }, { key, alg })
    expect((await jwtVerify(await sign('RS256'), set)).protectedHeader.alg).toBe('RS256')
    await expect(jwtVerify(await sign('PS256'), set)).rejects.toThrow('no applicable key')
  })

  it('never see an unknown key across rotations under load, however long they keep a set within the terms', async () => {
    const terms = { publishAheadHours: 6, tokenLifetimeMinutes: 240 }
    const rotation = { automaticRotation: { enabled: true, cycleDays: 1 } }
    const { key, path } = await createPublished('busy', terms, rotation)
    const signer = client()
    const kids = new Set<string | undefined>()
    let verifier = remote(path)
    let verified = 0
    let isOver = false
    const tokens: { readonly text: string; readonly exp: number }[] = []
    const now = () => Math.floor(story.clock.now().getTime() / 1000)
    const verifyNewest = async () => {
      for (const { text, exp } of tokens.slice(-8)) {
        if (exp <= now()) continue
        const { protectedHeader } = await jwtVerify(text, verifier, { currentDate: story.clock.now() })
        kids.add(protectedHeader.kid)
        verified += 1
      }
    }
    const issueOne = async () => {
      const exp = now() + terms.tokenLifetimeMinutes * 60
      tokens.push({ text: await signer.signJwt({ sub: 'ada', exp }, { key }), exp })
      await verifyNewest()
    }
    const issue = async () => {
      while (!isOver) await issueOne()
    }
    const change = async () => {
      for (let hour = 2; hour <= 30; hour += 2) {
        story.clock.advance({ hours: 2 })
        // Verifiers fetch the set as seldom as its terms allow.
        if (hour % 6 === 0) verifier = remote(path)
        await story.app.housekeeping.runOnce()
        if (hour % 10 === 0) await rotate(key)
        await issueOne()
      }
      isOver = true
    }
    const changed = change().finally(() => {
      isOver = true
    })
    await Promise.all([issue(), issue(), issue(), changed])
    expect((await versionsOf(key)).length).toBeGreaterThanOrEqual(4)
    expect(kids.size).toBeGreaterThanOrEqual(3)
    expect(verified).toBeGreaterThan(50)
  })

  it('accept the tokens of oidc-provider, which signs through Keystead, across a rotation', async () => {
    const { key, path } = await createPublished('issuer', { publishAheadHours: 1 })
    const api = client()
    /** The version that signs. If the key was rotated, no token of another version is given out. */
    class SigningKey extends ExternalSigningKey {
      readonly #publicKey: KeyObject
      readonly #number: number
      constructor({
        id,
        number,
        publicKey,
      }: { id: string; number: number; publicKey: { jwk: unknown } | null }) {
        super()
        this.#publicKey = createPublicKey({ key: publicKey?.jwk as JsonWebKey, format: 'jwk' })
        this.#number = number
        this.kid = id
        this.alg = 'ES256'
      }
      keyObject() {
        return this.#publicKey
      }
      async sign(data: Uint8Array) {
        const message = new Uint8Array(data)
        const { signature, versionNumber } = await api.sign({ key, message, encoding: 'P1363' })
        if (versionNumber !== this.#number) throw new Error(`version ${versionNumber} signed`)
        return signature
      }
    }
    const server = createServer()
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    /** Restarts the issuer with the version that signs now, which operators do after a rotation. */
    const start = async () => {
      const version = (await api.userKey({ key }))?.defaultVersion
      if (version === null || version === undefined) throw new Error('the key has a version')
      const configuration = issuerWith(new SigningKey(version))
      server.removeAllListeners('request')
      server.on('request', quietly(() => new Provider(issuer, configuration)).callback())
    }
    const ask = () =>
      askForTokens(
        `${issuer}/token`,
        { grant_type: 'client_credentials', scope: 'use', resource: 'urn:service' },
        { authorization: `Basic ${Buffer.from('shop:secret').toString('base64')}` },
      )
    await start()
    const verifier = remote(path)
    const before = (await ask()).access_token
    const first = await jwtVerify(before, verifier, { issuer, audience: 'service' })
    story.clock.advance({ hours: 1 })
    expect((await rotate(key)).__typename).toBe('RotateUserKeyPayload')
    await expect(ask()).rejects.toThrow('500')
    await start()
    const second = await jwtVerify((await ask()).access_token, verifier, { issuer, audience: 'service' })
    expect([first.protectedHeader.kid, second.protectedHeader.kid]).toEqual(
      (await kidsAt(path)).slice(0, 2).reverse(),
    )
    // A verifier that starts now accepts the earlier token, too.
    await jwtVerify(before, remote(path), { issuer, audience: 'service' })
  })
})

/** Configuration of an issuer of JWT access tokens for services. */
function issuerWith(key: ExternalSigningKey): object {
  return {
    clients: [
      {
        client_id: 'shop',
        client_secret: 'secret',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['cookie-key'] },
    scopes: ['use'],
    ttl: { ClientCredentials: 600 },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'use',
          audience: 'service',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
        useGrantedResource: () => true,
      },
    },
  }
}

describe('somebody without a token', () => {
  it('cannot tell an address that never was from one that is no more, or from another path', async () => {
    const { key, path } = await createPublished('gone')
    await fetchSet(path)
    await story.as(mia).mutate('unpublishJwks', { key })
    const never = `/jwks/${'A'.repeat(43)}.json`
    story.clock.advance({ minutes: 2 })
    story.takeStatements()
    const seen: unknown[] = []
    for (const each of [path, never]) {
      const { status, headers, ...rest } = await fetchSet(each).then(async (response) => ({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        text: await response.text(),
      }))
      const { date, 'x-request-id': requestId, ...shown } = headers
      seen.push({ status, shown, ...rest, statements: story.takeStatements().length })
      expect([typeof date, typeof requestId]).toEqual(['string', 'string'])
    }
    expect(seen[0]).toEqual(seen[1])
    expect(seen[0]).toMatchObject({ status: 404, statements: 1 })
    for (const other of ['/jwks/', '/jwks/x.json', `/jwks/${'A'.repeat(44)}.json`]) {
      expect((await fetch(urlOf(other))).status).toBe(404)
    }
  })

  it('is refused after many addresses at which there is nothing, and still gets sets that are in memory', async () => {
    const { path } = await createPublished('flooded')
    expect((await fetchSet(path)).status).toBe(200)
    const statuses: number[] = []
    for (let count = 0; count < 60; count += 1) {
      statuses.push((await fetch(urlOf(`/jwks/${String(count).padStart(43, 'x')}.json`))).status)
    }
    expect(new Set(statuses.slice(0, 30))).toEqual(new Set([404]))
    expect(statuses.at(-1)).toBe(429)
    expect((await fetch(urlOf(path))).status).toBe(200)
    // Tokens of the same address are counted apart.
    expect(await jwksOf('flooded')).not.toBe(null)
    await story.restart()
  })
})

describe('callers', () => {
  it('learn nothing of it where the key is redacted for them, or in another project', async () => {
    const { key } = await createPublished('secret')
    const document = `query($key: KeyRef!) { userKey(key: $key) { viewerCanAccess ${jwks} } }`
    expect((await story.as(max).ask<{ userKey: object }>(document, { key })).userKey).toMatchObject({
      viewerCanAccess: true,
      jwks: { path: expect.any(String) },
    })
    await story.as(mia).mutate('enableAccessControl', { key, subjects: [] })
    expect(await story.as(max).ask(document, { key })).toEqual({
      userKey: { viewerCanAccess: false, jwks: null },
    })
    const elsewhere: Person = { ...mia, project: 'other' }
    for (const [name, input] of [
      ['publishJwks', { key, tokenLifetimeMinutes: 60 }],
      ['unpublishJwks', { key }],
    ] as const) {
      expect((await story.as(elsewhere).mutate(name, input)).__typename).toBe('KeyNotFoundError')
      expect((await story.as(max).mutate(name, input))['code']).toBe('FORBIDDEN')
    }
  })
})

describe('somebody with the database', () => {
  it('can publish no other key, and bring back none that was withdrawn', async () => {
    const { key, path } = await createPublished('attacked', { publishAheadHours: 1 })
    const { path: otherPath } = await createPublished('other')
    const ofAttacked = `key_id = (SELECT id FROM keys WHERE name = 'attacked')`
    const before = await kidsAt(path)
    await story.sql(
      `CREATE TABLE old_keys AS SELECT * FROM keys WHERE name = 'attacked'`,
      `CREATE TABLE old_versions AS SELECT * FROM key_versions WHERE ${ofAttacked}`,
    )
    const forged = `(SELECT v.public_key FROM key_versions v JOIN keys k ON k.id = v.key_id WHERE k.name = 'other')`
    for (const edit of [
      `UPDATE key_versions SET public_key = ${forged} WHERE ${ofAttacked}`,
      `UPDATE keys SET key_set = jsonb_set(key_set, '{next,publicKey}', to_jsonb(encode(${forged}, 'base64'))) WHERE name = 'attacked'`,
    ]) {
      await story.sql(
        `UPDATE keys k SET key_set = o.key_set FROM old_keys o WHERE o.id = k.id`,
        `UPDATE key_versions v SET public_key = o.public_key FROM old_versions o WHERE o.id = v.id`,
        edit,
      )
      expect([edit, (await fetchSet(path)).status]).toEqual([edit, 500])
    }
    const put = [
      `DELETE FROM key_versions WHERE ${ofAttacked}`,
      `DELETE FROM keys WHERE name = 'attacked'`,
      `INSERT INTO keys SELECT * FROM old_keys`,
      `INSERT INTO key_versions (id, key_id, number, status, key_revision, created_at, activated_at, deactivated_at, destroy_scheduled_for, destroyed_at, public_key, mac)
       SELECT id, key_id, number, status, key_revision, created_at, activated_at, deactivated_at, destroy_scheduled_for, destroyed_at, public_key, mac FROM old_versions`,
    ]
    await story.sql(...put)
    expect(await kidsAt(path)).toEqual(before)
    await story.as(mia).mutate('deactivateKeyVersion', { version: { key, number: 1 } })
    expect(await kidsAt(path)).toEqual(before.slice(1))
    await story.sql(
      ...put,
      `UPDATE keys SET key_set = jsonb_set(key_set, '{id}', '"${'B'.repeat(43)}"') WHERE name = 'other'`,
    )
    expect((await fetchSet(path)).status).toBe(500)
    expect(story.logged.some((line) => line.includes('"alert":"INTEGRITY"'))).toBe(true)
    // A set can be put at another address by nobody.
    expect((await fetchSet(`/jwks/${'B'.repeat(43)}.json`)).status).toBe(500)
    expect((await fetchSet(otherPath)).status).toBe(404)
  })
})

describe('former material of a next version', () => {
  it('signs nothing when it is put back into the database', async () => {
    const { key } = await createPublished('swapped')
    const ofSwapped = `key_id = (SELECT id FROM keys WHERE name = 'swapped')`
    await story.sql(`CREATE TABLE old_material AS SELECT * FROM next_key_material WHERE ${ofSwapped}`)
    await story.as(mia).mutate('unpublishJwks', { key })
    await publish(key)
    const swap = (from: string) =>
      `UPDATE next_key_material n SET wrapped = o.wrapped FROM ${from} o WHERE o.key_id = n.key_id`
    await story.sql(
      `CREATE TABLE new_material AS SELECT * FROM next_key_material WHERE ${ofSwapped}`,
      swap('old_material'),
    )
    await expect(rotate(key, { allowUnknownKey: true })).rejects.toThrow('Internal error')
    expect(story.logged.join('')).toContain('it is not that of the published public key')
    await story.sql(swap('new_material'))
    expect((await rotate(key, { allowUnknownKey: true }))['version']).toMatchObject({ number: 2 })
  })
})

describe('the memory of the server', () => {
  it('has a set read once for all who wait, and outlasts an outage as long as caches may keep the set', async () => {
    const { path } = await createPublished('remembered')
    const id = path.slice('/jwks/'.length, -'.json'.length)
    await story.stop()
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    let lookups = 0
    let isDown = false
    let isSilent = false
    const { db } = parts.store
    const watched = new Proxy(db, {
      get(target, name) {
        if (name !== '$queryRaw') return Reflect.get(target, name)
        if (isDown) throw Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' })
        lookups += 1
        if (isSilent) return () => silence.promise
        return target.$queryRaw.bind(target)
      },
    })
    const silence = Promise.withResolvers<never>()
    const outages: string[] = []
    const keySets = createKeySets(
      {
        ...parts,
        store: { ...parts.store, db: watched },
        onOutage: (part) => void outages.push(part),
      },
      5000,
    )
    const sets = await Promise.all(Array.from({ length: 50 }, () => keySets.read(id)))
    expect(new Set(sets.map((set) => set?.etag)).size).toBe(1)
    expect(lookups).toBe(3)
    expect(keySets.recall(id)).toMatchObject({ maxAgeSeconds: 300 })
    story.clock.advance({ ms: 5000 })
    expect(keySets.recall(id)).toBe(null)
    isDown = true
    expect(await keySets.read(id)).toMatchObject({ body: sets[0]?.body, maxAgeSeconds: 295 })
    expect(outages).toEqual(['database'])
    isDown = false
    isSilent = true
    const before = lookups
    expect(await keySets.read(id)).toMatchObject({ body: sets[0]?.body, maxAgeSeconds: 295 })
    const atOnce = await Promise.race([keySets.read(id), sleep(500)])
    expect([atOnce, lookups - before]).toMatchObject([{ body: sets[0]?.body }, 1])
    isSilent = false
    isDown = true
    silence.reject(Object.assign(new Error('no answer'), { code: 'ECONNREFUSED' }))
    await sleep(0)
    story.clock.advance({ minutes: 5 })
    expect(keySets.recallOld(id)).toBe(null)
    await expect(keySets.read(id)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    isDown = false
    expect(await keySets.read(id)).toMatchObject({ maxAgeSeconds: 300 })
    expect(await keySets.read('A'.repeat(43))).toBe(null)

    // One that does not verify is read and reported once, too.
    await db.$executeRaw`UPDATE keys SET revision = revision + 1 WHERE name = 'remembered'`
    story.clock.advance({ ms: 5000 })
    lookups = 0
    for (let turn = 0; turn < 3; turn += 1) {
      await expect(keySets.read(id)).rejects.toThrow('does not verify')
      expect([lookups, keySets.recallOld(id)]).toEqual([11, null])
    }
    await db.$executeRaw`UPDATE keys SET revision = revision - 1 WHERE name = 'remembered'`
    story.clock.advance({ ms: 5000 })
    expect(await keySets.read(id)).toMatchObject({ body: sets[0]?.body })
    await close()
    await story.restart()
  })

  it.each([
    ['there is no slot', { hasSlot: false, status: 503 }],
    ['the client asked for too many addresses', { hasSlot: true, status: 429 }],
  ])('is used while %s, as long as caches may keep the set', async (_when, { hasSlot, status }) => {
    const set = { body: '{"keys":[]}', etag: '"x"', maxAgeSeconds: 200 }
    const slot = { markUnauthenticated: () => true, release: () => {} }
    const answer = createJwks({
      config: { AUTH_FAILURES_PER_MINUTE_MAX: 1 },
      keySets: {
        recall: () => null,
        recallOld: (id) => (id.startsWith('A') ? set : null),
        read: async () => null,
      },
      admission: { admit: () => (hasSlot ? slot : null) } as unknown as Admission,
      shed: () => ({ status: 503, headers: {}, body: null }),
      clientAddressOf: () => '192.0.2.1',
    })
    const ask = async (id: string) => {
      const request = { method: 'GET', headers: {} } as IncomingMessage
      try {
        return await answer(request, `/jwks/${id.repeat(43)}.json`)
      } catch (error) {
        if (error instanceof RateLimitedError) return { status: 429 }
        throw error
      }
    }
    expect(await ask('C')).toMatchObject({ status: hasSlot ? 404 : 503 })
    expect(await ask('B')).toMatchObject({ status })
    const headers = { 'cache-control': 'public, max-age=200' }
    expect(await ask('A')).toMatchObject({ status: 200, headers, body: set.body })
  })
})

describe('a change beside other replicas', () => {
  const rotation = { type: 'rotate', expectedDefaultVersion: null, allowUnknownKey: true } as const

  it.each([
    ['rotates', rotation, 3],
    ['unpublishes', { type: 'unpublishKeySet' } as const, 2],
  ])(
    'does not take a key for forged that another replica %s while it is read',
    async (_what, other, last) => {
      const { key } = await createPublished(`raced-${last}`)
      await story.stop()
      const { parts, close } = await openTrail(story)
      onTestFinished(async () => {
        await close()
        await story.restart()
      })
      const where = { projectId: 'shop', id: parseId(key)?.uuid ?? '' }
      const change = (command: KeyCommand, own = parts) =>
        changeKey(own, where, systemContextOf({ action: 'ROTATE_KEY', actor: 'rotation', command }, where), {
          decide: deciding(own, command),
          obtainMaterial: generatingMaterial(own),
        })
      let raced = 0
      const { db } = parts.store
      const watched = new Proxy(db, {
        get(target, name) {
          if (name !== 'nextKeyMaterial') return Reflect.get(target, name)
          return {
            async findUnique(query: Parameters<typeof db.nextKeyMaterial.findUnique>[0]) {
              raced += 1
              await change(other)
              return db.nextKeyMaterial.findUnique(query)
            },
          }
        },
      })
      const changed = await change(rotation, { ...parts, store: { ...parts.store, db: watched } })
      expect([raced, changed?.error, changed?.key.row.lastVersionNumber]).toEqual([1, null, last])
    },
  )
})
