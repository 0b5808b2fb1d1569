import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApiClient } from './api-client.ts'

/** What one project does to a server while another one goes on with its work. */
export const floodNames = [
  'RSA-4096 creation',
  'signBatch RSA-4096',
  'signBatch ML-DSA-87',
  'decryptBatch RSA-4096',
  'bodies that trickle',
  'unknown tokens',
  '2 MB inputs that do not validate',
  'deep valid documents',
] as const

/** One of {@link floodNames}. */
export type FloodName = (typeof floodNames)[number]

/** What a flood needs. */
export interface FloodTarget {
  readonly url: string
  /** Of several callers of one project. */
  readonly tokens: readonly string[]
  readonly rsaSigningKey: string
  readonly mlDsaKey: string
  readonly rsaDecryptionKey: string
  /** Made by that key, base64. */
  readonly ciphertext: string
}

/** Answers by status; 0 for requests without an answer. */
export type FloodTally = Record<string, number>

const itemsMax = 500

/** Floods a server until the signal ends it. */
export async function flood(name: FloodName, target: FloodTarget, signal: AbortSignal): Promise<FloodTally> {
  switch (name) {
    case 'RSA-4096 creation':
      return repeat(target, signal, { connections: 32, nextBody: creation })
    case 'signBatch RSA-4096':
      return repeat(target, signal, { connections: 16, nextBody: constantly(signing(target.rsaSigningKey)) })
    case 'signBatch ML-DSA-87':
      return repeat(target, signal, { connections: 16, nextBody: constantly(signing(target.mlDsaKey)) })
    case 'decryptBatch RSA-4096':
      return repeat(target, signal, { connections: 16, nextBody: constantly(decryption(target)) })
    case 'bodies that trickle':
      return trickle(target, signal)
    case 'unknown tokens':
      return repeat({ ...target, tokens: null }, signal, {
        connections: 64,
        nextBody: constantly('{"query":"{ viewer { projectId } }"}'),
      })
    case '2 MB inputs that do not validate':
      return repeat(target, signal, { connections: 8, nextBody: constantly(invalidInput()) })
    case 'deep valid documents':
      return repeat(target, signal, { connections: 16, nextBody: deepDocument })
  }
}

const constantly = (body: string) => () => body

/** Sends one request after the other on each connection, as the callers in turn; without tokens, as nobody. */
async function repeat(
  { url, tokens }: Pick<FloodTarget, 'url'> & { readonly tokens: readonly string[] | null },
  signal: AbortSignal,
  { connections, nextBody }: { readonly connections: number; readonly nextBody: () => string },
): Promise<FloodTally> {
  const client = createApiClient(url)
  const tally: FloodTally = {}
  const work = async (index: number) => {
    while (!signal.aborted) {
      const token = tokens === null ? unknownToken() : (tokens[index % tokens.length] ?? '')
      const status = await client.send(token, nextBody(), signal).then(
        (answer) => answer.status,
        () => 0,
      )
      tally[status] = (tally[status] ?? 0) + 1
      // A refusal says when to come back; a client that ignores that altogether would only measure itself.
      if (status === 0 || status >= 429) await sleep(10)
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => work(index)))
  client.close()
  return tally
}

/** Opens as many connections as the server has places, each with a body that comes a byte at a time. */
async function trickle({ url, tokens }: FloodTarget, signal: AbortSignal): Promise<FloodTally> {
  const { hostname, port, pathname } = new URL(url)
  const tally: FloodTally = {}
  const hold = async (index: number) => {
    while (!signal.aborted) {
      const socket = connect(Number(port), hostname)
      const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      let status = '0'
      socket.on('error', () => {})
      socket.on('data', (data) => {
        status = data.toString('latin1').split(' ')[1] ?? '0'
      })
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${tokens[index % tokens.length]}\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n{`,
      )
      const drops = setInterval(() => socket.write(' '), 3000)
      const stop = () => socket.destroy()
      signal.addEventListener('abort', stop, { once: true })
      await ended
      clearInterval(drops)
      signal.removeEventListener('abort', stop)
      tally[status] = (tally[status] ?? 0) + 1
      await sleep(100)
    }
  }
  await Promise.all(Array.from({ length: 320 }, (_, index) => hold(index)))
  return tally
}

/** A token in due form that nobody has signed. */
function unknownToken(): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const nowSeconds = Math.floor(Date.now() / 1000)
  const payload = {
    iss: 'https://issuer.bench',
    aud: 'keystead',
    sub: randomUUID(),
    iat: nowSeconds,
    exp: nowSeconds + 600,
    jti: randomUUID(),
    client_id: 'bench',
  }
  const signature = Buffer.alloc(64, 7).toString('base64url')
  return `${encode({ alg: 'EdDSA', typ: 'at+jwt' })}.${encode(payload)}.${signature}`
}

function creation(): string {
  return JSON.stringify({
    query: 'mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { __typename } }',
    variables: { input: { name: `flood-${randomUUID()}`, algorithm: 'RSA_4096', usage: 'SIGN_VERIFY' } },
  })
}

function signing(keyId: string): string {
  const item = { key: keyId, message: Buffer.alloc(256, 7).toString('base64') }
  return JSON.stringify({
    query:
      'mutation($input: SignBatchInput!) { signBatch(input: $input) { ... on SignBatchPayload { results { result { __typename } } } } }',
    variables: { input: { items: Array.from({ length: itemsMax }, () => item) } },
  })
}

function decryption({ rsaDecryptionKey: keyId, ciphertext }: FloodTarget): string {
  const item = { version: { key: keyId, number: 1 }, ciphertext }
  return JSON.stringify({
    query:
      'mutation($input: DecryptBatchInput!) { decryptBatch(input: $input) { ... on DecryptBatchPayload { results { result { __typename } } } } }',
    variables: { input: { items: Array.from({ length: itemsMax }, () => item) } },
  })
}

/** Items that lack what is required, and have fields that do not exist. */
function invalidInput(): string {
  const items = Array.from({ length: 40_000 }, (_, index) => ({ [`field${index}`]: 'x'.repeat(30) }))
  return JSON.stringify({
    query: 'mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { __typename } }',
    variables: { input: { items } },
  })
}

/** As much as a document may have, and never the same twice: nothing is remembered of it. */
function deepDocument(): string {
  const alias = `a${randomUUID().replaceAll('-', '')}`
  const leaf = Array.from({ length: 60 }, (_, index) => `${alias}${index}: id`).join(' ')
  const chain = 'defaultVersion { key { '.repeat(5)
  const page = (name: string) =>
    `${name}: userKeys(first: 1) { nodes { ${chain} ${leaf} ${'} } '.repeat(5)} } }`
  const pages = Array.from({ length: 20 }, (_, index) => page(`p${index}`)).join(' ')
  return JSON.stringify({ query: `{ ${pages} }` })
}
