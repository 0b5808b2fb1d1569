import { readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.ts'
import { discoveryUrlsOf } from '../../src/auth/discovery.ts'
import { IssuerUnavailableError } from '../../src/auth/errors.ts'
import { createTrustedIssuers, fetchMissingKeys } from '../../src/auth/jwks.ts'
import { discoveredKeys } from '../../src/auth/jwks-url.ts'
import type { Authenticator } from '../../src/keys/rules/caller.ts'
import { makeCertificate } from '../support/certificate.ts'
import { configOf, foreignClaims, newFolder, outcomeOf, plainRule } from './rule-entries.ts'
import { createFakeClock, createSigner, type Signer } from './tokens.ts'

/** A provider whose answers are by path. */
interface Provider {
  readonly origin: string
  readonly answers: Map<string, unknown>
  readonly requests: IncomingMessage[]
}

let signer: Signer

beforeEach(async () => {
  signer = await createSigner('ES256')
})

async function listen(
  make: (onRequest: Parameters<typeof createHttpServer>[1]) => Server,
  scheme: string,
): Promise<Provider> {
  const answers = new Map<string, unknown>()
  const requests: IncomingMessage[] = []
  const server = make((request, response) => {
    requests.push(request)
    const answer = answers.get(request.url ?? '')
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, answers, requests }
}

const startProvider = () => listen((onRequest) => createHttpServer(onRequest), 'http')

const troubles: string[] = []

function start(members: object): Authenticator {
  troubles.length = 0
  const entry = { name: 'sso', audiences: ['keystead'], rules: [plainRule], ...members }
  const config = configOf([entry])
  const issuers = createTrustedIssuers(config, {
    onFailure: ({ entry, code }) => troubles.push(`${entry} ${code}`),
  })
  return createAuthenticator({ config, clock: createFakeClock(), issuers })
}

async function outcome(authenticator: Authenticator, iss: string): Promise<unknown> {
  return outcomeOf(authenticator, await signer.sign(foreignClaims({ iss }))).catch((error: unknown) => error)
}

const accepted = expect.objectContaining({ subject: 'user:alice' })
const openId = '/.well-known/openid-configuration'

describe('the keys of an issuer', () => {
  test('are found through OpenID Connect Discovery, below its path', async () => {
    const { origin, answers } = await startProvider()
    const iss = `${origin}/realms/shop`
    answers.set(`/realms/shop${openId}`, { issuer: iss, jwks_uri: `${origin}/keys` })
    answers.set('/keys', { keys: [signer.jwk] })
    expect(await outcome(start({ issuer: iss }), iss)).toEqual(accepted)
  })

  test('are found through RFC 8414, if there is no document of OpenID Connect', async () => {
    const { origin, answers } = await startProvider()
    const iss = `${origin}/realms/shop`
    answers.set('/.well-known/oauth-authorization-server/realms/shop', {
      issuer: iss,
      jwks_uri: `${origin}/keys`,
    })
    answers.set('/keys', { keys: [signer.jwk] })
    expect(await outcome(start({ issuer: iss }), iss)).toEqual(accepted)
  })

  test('are found for an issuer that ends in a slash, and by a document without endpoints', async () => {
    const { origin, answers } = await startProvider()
    const iss = `${origin}/`
    answers.set(openId, { issuer: iss, jwks_uri: `${origin}/keys`, authorization_endpoint: '' })
    answers.set('/keys', { keys: [signer.jwk] })
    expect(await outcome(start({ issuer: iss }), iss)).toEqual(accepted)
  })

  test('are found by a discoveryUrl on another host than the issuer, as in Kubernetes', async () => {
    const { origin, answers } = await startProvider()
    const iss = 'https://kubernetes.default.svc.cluster.local'
    answers.set(openId, { issuer: iss, jwks_uri: `${origin}/openid/v1/jwks` })
    answers.set('/openid/v1/jwks', { keys: [signer.jwk] })
    expect(await outcome(start({ issuer: iss, discoveryUrl: `${origin}${openId}` }), iss)).toEqual(accepted)
  })

  test('of a bundle of SPIFFE may have the use "jwt-svid", and keys for encryption beside them are skipped', async () => {
    const { origin, answers } = await startProvider()
    const encryption = await createSigner('ES256', 'key-1')
    answers.set('/keys', {
      keys: [
        { ...encryption.jwk, use: 'enc' },
        { ...signer.jwk, use: 'jwt-svid' },
      ],
    })
    const authenticator = start({ issuer: 'urn:spire', jwksUrl: `${origin}/keys` })
    expect(await outcome(authenticator, 'urn:spire')).toEqual(accepted)
    const sign = encryption.sign(foreignClaims({ iss: 'urn:spire' }))
    expect(await outcomeOf(authenticator, await sign)).toMatchObject({ entry: 'sso', rule: null })
  })
})

test('several entries with the same keys fetch them once, so that the first one decides', async () => {
  const { origin, answers, requests } = await startProvider()
  answers.set('/keys', { keys: [signer.jwk] })
  const entry = (name: string, audience: string) => ({
    name,
    issuer: 'https://sso.test',
    jwksUrl: `${origin}/keys`,
    audiences: [audience],
    rules: [{ ...plainRule, project: name }],
  })
  const config = configOf([entry('first', 'ka'), entry('second', 'kb')])
  const issuers = createTrustedIssuers(config)
  const authenticator = createAuthenticator({ config, clock: createFakeClock(), issuers })
  const sign = (aud: string | string[]) =>
    signer.sign(foreignClaims({ iss: 'https://sso.test', aud, jti: String(aud) }))
  expect(await outcomeOf(authenticator, await sign('kb'))).toMatchObject({ projectId: 'second' })
  expect(await outcomeOf(authenticator, await sign(['ka', 'kb']))).toMatchObject({ projectId: 'first' })
  expect(requests).toHaveLength(1)
})

describe('a discovery document', () => {
  test('that does not come leaves time to fetch the keys from the last address', async () => {
    const { origin, answers } = await startProvider()
    answers.set(openId, { issuer: origin, jwks_uri: `${origin}/keys` })
    answers.set('/keys', { keys: [signer.jwk] })
    const silent = createTcpServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const urls = [`${origin}${openId}`]
    const means = { caFile: null, bearerTokenFile: null }
    const keys = discoveredKeys({ issuer: origin, urls }, means)
    const read = () =>
      keys.read({
        method: 'GET',
        redirect: 'manual',
        headers: new Headers(),
        signal: AbortSignal.timeout(20_000),
      })
    expect(JSON.parse(await read()).keys).toHaveLength(1)
    urls[0] = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
    expect(JSON.parse(await read()).keys).toHaveLength(1)
  })

  test('from another host cannot name keys of this machine', async () => {
    const document = { issuer: 'https://sso.test', jwks_uri: 'http://127.0.0.1:1/keys' }
    vi.stubGlobal('fetch', async () => Response.json(document))
    onTestFinished(() => void vi.unstubAllGlobals())
    const keys = discoveredKeys(
      { issuer: 'https://sso.test', urls: [`https://sso.test${openId}`] },
      { caFile: null, bearerTokenFile: null },
    )
    const options = { method: 'GET', redirect: 'manual', headers: new Headers() } as const
    await expect(keys.read({ ...options, signal: AbortSignal.timeout(20_000) })).rejects.toMatchObject({
      code: 'BAD_JWKS_URI',
    })
  })

  test.each([
    [
      'that names another issuer',
      (origin: string) => ({ issuer: 'https://evil.test', jwks_uri: `${origin}/keys` }),
      'OTHER_ISSUER',
    ],
    [
      'that names its issuer with a slash more',
      (origin: string) => ({ issuer: `${origin}/`, jwks_uri: `${origin}/keys` }),
      'OTHER_ISSUER',
    ],
    ['without keys', (origin: string) => ({ issuer: origin }), 'NO_DISCOVERY'],
    ['that is none', () => [], 'NO_DISCOVERY'],
    [
      'with keys over plain http',
      (origin: string) => ({ issuer: origin, jwks_uri: 'http://keys.test' }),
      'BAD_JWKS_URI',
    ],
    [
      'with keys in a file',
      (origin: string) => ({ issuer: origin, jwks_uri: 'file:///etc/passwd' }),
      'BAD_JWKS_URI',
    ],
  ])('%s is refused, and its keys are not used', async (_, document, code) => {
    const { origin, answers, requests } = await startProvider()
    answers.set(openId, document(origin))
    answers.set('/keys', { keys: [signer.jwk] })
    expect(await outcome(start({ issuer: origin }), origin)).toBeInstanceOf(IssuerUnavailableError)
    expect(troubles).toEqual([`sso ${code}`])
    expect(requests.map(({ url }) => url)).not.toContain('/keys')
  })
})

describe('the token of an entry', () => {
  test('is read anew for each fetch, and sent to the server of the document only', async () => {
    const [provider, other] = [await startProvider(), await startProvider()]
    const bearerTokenFile = join(newFolder(), 'token')
    writeFileSync(bearerTokenFile, 'first\n')
    const iss = provider.origin
    provider.answers.set(openId, { issuer: iss, jwks_uri: `${other.origin}/keys` })
    other.answers.set('/keys', { keys: [signer.jwk] })
    expect(await outcome(start({ issuer: iss, bearerTokenFile }), iss)).toEqual(accepted)
    expect(provider.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first'])
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])

    writeFileSync(bearerTokenFile, 'second\n')
    provider.answers.set(openId, { issuer: iss, jwks_uri: `${iss}/keys` })
    provider.answers.set('/keys', { keys: [signer.jwk] })
    expect(await outcome(start({ issuer: iss, bearerTokenFile }), iss)).toEqual(accepted)
    expect(provider.requests.slice(1).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer second',
      'Bearer second',
    ])
  })

  test('that cannot be read is told to the operator', async () => {
    const { origin } = await startProvider()
    const authenticator = start({ issuer: origin, bearerTokenFile: join(newFolder(), 'none') })
    expect(await outcome(authenticator, origin)).toBeInstanceOf(IssuerUnavailableError)
    expect(troubles).toEqual(['sso BAD_FILE'])
  })
})

test('a certificate authority of an entry is trusted by this entry, and by no other', async () => {
  const folder = newFolder()
  const [key, caFile] = [join(folder, 'key.pem'), join(folder, 'ca.pem')]
  makeCertificate({ key, certificate: caFile }, 'IP:127.0.0.1')
  const tls = { key: readFileSync(key), cert: readFileSync(caFile) }
  const { origin, answers } = await listen((onRequest) => createHttpsServer(tls, onRequest), 'https')
  answers.set(openId, { issuer: origin, jwks_uri: `${origin}/keys` })
  answers.set('/keys', { keys: [signer.jwk] })
  expect(await outcome(start({ issuer: origin, caFile }), origin)).toEqual(accepted)
  const jwksUrl = `${origin}/keys`.replace('https', 'HTTPS')
  expect(await outcome(start({ issuer: origin, caFile, jwksUrl }), origin)).toEqual(accepted)
  expect(await outcome(start({ issuer: origin }), origin)).toBeInstanceOf(IssuerUnavailableError)
  expect(troubles).toEqual(['sso DEPTH_ZERO_SELF_SIGNED_CERT'])
  expect(await outcome(start({ issuer: origin, caFile: `${caFile}.none` }), origin)).toBeInstanceOf(
    IssuerUnavailableError,
  )
  expect(troubles).toEqual(['sso BAD_FILE'])
})

test('the addresses of a document follow the two standards', () => {
  expect(discoveryUrlsOf('https://a.test/x')).toEqual([
    'https://a.test/x/.well-known/openid-configuration',
    'https://a.test/.well-known/oauth-authorization-server/x',
  ])
  expect(discoveryUrlsOf('https://a.test/')).toEqual([
    'https://a.test/.well-known/openid-configuration',
    'https://a.test/.well-known/oauth-authorization-server',
  ])
})

test('a token of one of two entries with one issuer causes no fetch from the other, once its key is known', async () => {
  const [one, two] = [await startProvider(), await startProvider()]
  const other = await createSigner('ES256', 'key-2')
  one.answers.set('/keys', { keys: [other.jwk] })
  two.answers.set('/keys', { keys: [signer.jwk] })
  const entry = { issuer: 'urn:cluster', audiences: ['keystead'], rules: [plainRule] }
  const config = configOf([
    { ...entry, name: 'one', jwksUrl: `${one.origin}/keys` },
    { ...entry, name: 'two', jwksUrl: `${two.origin}/keys` },
  ])
  const authenticator = createAuthenticator({
    config,
    clock: createFakeClock(),
    issuers: createTrustedIssuers(config),
  })
  expect(await outcome(authenticator, 'urn:cluster')).toEqual(accepted)
  const fetches = one.requests.length
  for (const jti of ['a', 'b', 'c', 'd', 'e']) {
    const token = await signer.sign(foreignClaims({ iss: 'urn:cluster', jti }))
    expect(await outcomeOf(authenticator, token)).toEqual(accepted)
  }
  expect(one.requests).toHaveLength(fetches)
})

describe('entries that never had keys', () => {
  test('are counted, and asked again, until they have', async () => {
    const { origin, answers } = await startProvider()
    const entry = { name: 'sso', issuer: origin, audiences: ['keystead'], rules: [plainRule] }
    const fetches: string[] = []
    const issuers = createTrustedIssuers(configOf([entry, { ...entry, name: 'twin' }]), {
      onFetch: (succeeded, name) => fetches.push(`${name} ${succeeded}`),
    })
    expect(fetchMissingKeys(issuers)).toBe(2)
    await expect.poll(() => fetches.toSorted()).toEqual(['sso false', 'twin false'])
    answers.set(openId, { issuer: origin, jwks_uri: `${origin}/keys` })
    answers.set('/keys', { keys: [signer.jwk] })
    const later = createTrustedIssuers(configOf([entry]))
    fetchMissingKeys(later)
    await expect.poll(() => fetchMissingKeys(later)).toBe(0)
  })
})
