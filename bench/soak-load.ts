import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CryptoKey, SignJWT } from 'jose'

/** Who is asked, with whose tokens. */
export interface SoakTarget {
  readonly url: string
  readonly issuer: string
  readonly privateKey: CryptoKey
}

/** What the server answered, counted by status and by error code. */
export type Tally = Map<string, number>

/** Load that goes on until it is told to stop. */
export interface SoakLoad {
  readonly tally: Tally
  stop(): Promise<void>
}

const callers = 100
const keysCount = 300
const distinctDocuments = 2500
/** Less than the tokens' life. */
const tokenRenewalMs = 8 * 60_000
const plaintext = Buffer.alloc(256, 7).toString('base64')

interface Session {
  readonly caller: string
  token: string
  signedAtMs: number
}

/** Starts workers that each do one thing after the other, as one of many callers. */
export async function startSoakLoad(target: SoakTarget, workers: number): Promise<SoakLoad> {
  const tally: Tally = new Map()
  const sessions = await Promise.all(Array.from({ length: callers }, (_, n) => signIn(target, `caller-${n}`)))
  const ending = new AbortController()
  let ciphertext = ''
  const keys: { id: string; name: string }[] = []

  async function send(
    body: string,
    { token, signal }: { token: string; signal?: AbortSignal },
  ): Promise<string> {
    const response = await fetch(`${target.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      ...(signal && { signal }),
    })
    const text = await response.text()
    const [, code = 'fine'] = /"code":"(\w+)"/.exec(text) ?? []
    const answer = `${response.status} ${code}`
    tally.set(answer, (tally.get(answer) ?? 0) + 1)
    return text
  }

  async function tokenOfAny(): Promise<string> {
    const session = sessions[randomInt(callers)]
    if (session === undefined) throw new Error('there are no callers')
    if (performance.now() - session.signedAtMs > tokenRenewalMs) {
      Object.assign(session, await signIn(target, session.caller))
    }
    return session.token
  }

  const keyId = () => keys[randomInt(keys.length)]?.id ?? ''
  const ask = async (query: string, variables: object = {}) =>
    send(JSON.stringify({ query, variables }), { token: await tokenOfAny() })
  const mutate = (name: string, input: object, selection: string) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
    const query = `mutation($input: ${type}Input!) { ${name}(input: $input) { ... on UserError { code } ... on ${type}Payload { ${selection} } } }`
    return ask(query, { input })
  }

  /** What is done, and how often in comparison. */
  const actions: readonly (readonly [weight: number, act: () => Promise<unknown>])[] = [
    [
      30,
      async () => {
        const answer = await mutate('encrypt', { key: keyId(), plaintext }, 'ciphertext')
        ciphertext = /"ciphertext":"([^"]+)"/.exec(answer)?.[1] ?? ciphertext
      },
    ],
    [20, () => mutate('decrypt', { ciphertext }, 'plaintext')],
    [
      8,
      () => {
        const items = Array.from({ length: 20 }, () => ({ key: keyId(), plaintext }))
        return mutate('encryptBatch', { items }, 'results { __typename }')
      },
    ],
    [5, () => mutate('generateDataKey', { key: keyId() }, 'ciphertext')],
    [
      5,
      () =>
        ask(
          'query($id: ID!) { node(id: $id) { ... on UserKey { name versions(first: 5) { nodes { number } } } } }',
          { id: keyId() },
        ),
    ],
    [3, () => ask('{ userKeys(first: 20) { totalCount nodes { id name status } } }')],
    [1, () => ask('{ auditEvents(first: 10) { nodes { action } } }')],
    [1, () => mutate('rotateUserKey', { key: keyId() }, 'userKey { id }')],
    [1, () => mutate('createUserKey', { name: `more-${randomUUID()}` }, 'userKey { id }')],
    // A document that no cache has seen, a broken one, one that is none, and tokens that nobody has signed.
    [2, () => ask(`{ a${randomInt(1_000_000_000)}: viewer { projectId } }`)],
    [1, () => ask(`{ nothing${randomInt(1_000_000_000)} }`)],
    [1, async () => send('{', { token: await tokenOfAny() })],
    [1, () => send('{}', { token: `e30.${randomUUID()}.e30` })],
    // A client that goes.
    [
      2,
      async () => {
        const signal = AbortSignal.timeout(randomInt(10))
        const body = JSON.stringify({ query: '{ userKeys(first: 100) { nodes { id } } }' })
        await send(body, { token: await tokenOfAny(), signal }).catch(() => {})
      },
    ],
  ]
  const weights = actions.reduce((sum, [weight]) => sum + weight, 0)

  function choose(): () => Promise<unknown> {
    let drawn = randomInt(weights)
    const chosen = actions.find(([weight]) => {
      drawn -= weight
      return drawn < 0
    })
    return chosen?.[1] ?? (() => Promise.resolve())
  }

  async function work(): Promise<void> {
    while (!ending.signal.aborted) await choose()()
  }

  /** More at once than the server takes, and more of one caller than it may use. */
  async function burst(): Promise<void> {
    while (!ending.signal.aborted) {
      await sleep(20_000, undefined, { signal: ending.signal }).catch(() => {})
      if (ending.signal.aborted) return
      await Promise.all(
        Array.from({ length: 600 }, () => mutate('encrypt', { key: keyId(), plaintext }, 'ciphertext')),
      )
      const token = sessions[0]?.token ?? ''
      const many = JSON.stringify({
        query: `{ ${Array.from({ length: 50 }, (_, n) => `v${n}: viewer { projectId }`).join(' ')} }`,
      })
      for (let n = 0; n < 50; n++) await send(many, { token })
    }
  }

  for (let n = 0; n < keysCount; n++) {
    const name = `soak-${randomUUID()}`
    const answer = await mutate('createUserKey', { name }, 'userKey { id }')
    keys.push({ id: /ukey_\w+/.exec(answer)?.[0] ?? '', name })
  }
  // More than the cache of documents holds: it is full before the first look, however slow the machine is.
  for (let n = 0; n < distinctDocuments; n++) await ask(`{ before${n}: viewer { projectId } }`)
  tally.clear()
  const running = [...Array.from({ length: workers }, work), burst()]
  return {
    tally,
    async stop() {
      ending.abort()
      await Promise.all(running)
    },
  }
}

async function signIn({ issuer, privateKey }: SoakTarget, caller: string): Promise<Session> {
  const claims = {
    client_id: 'soak',
    jti: randomUUID(),
    project: 'soak',
    roles: ['PROJECT_ADMIN', 'KMS_USER'],
  }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience('keystead')
    .setSubject(caller)
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(privateKey)
  return { caller, token, signedAtMs: performance.now() }
}
