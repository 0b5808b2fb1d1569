import { setTimeout as sleep } from 'node:timers/promises'
import { decodeProtectedHeader } from 'jose'
import { type Answer, base64, createClient } from '../support/story.ts'

/** What became of the requests of a load. */
export interface LoadFigures {
  readonly requests: number
  readonly succeeded: number
  /** 503 with `Retry-After`. */
  readonly unavailable: number
  /** All other answers, in full. */
  readonly failures: readonly string[]
  /** IDs of the keys that have signed the tokens that were used, oldest first. */
  readonly signingKeys: readonly string[]
  readonly slowestMs: number
}

/** Workers that encrypt and decrypt until they are stopped. */
export interface TokenLoad {
  figures(): LoadFigures
  /** Waits until this many more requests have been answered. */
  answered(count: number): Promise<void>
  /** Waits until a token of this key has been used successfully. */
  usedKey(keyId: string): Promise<void>
  stop(): Promise<LoadFigures>
}

/** Requests for which a worker keeps a token. */
const requestsPerToken = 4

/** Starts workers that ask a provider for tokens, and keep the last one while the provider does not answer. */
export function startTokenLoad({
  getUrl,
  keyId,
  newToken,
  workers = 4,
}: {
  readonly getUrl: () => string
  readonly keyId: string
  readonly newToken: () => Promise<string>
  readonly workers?: number
}): TokenLoad {
  const failures: string[] = []
  const signingKeys = new Set<string>()
  let [requests, succeeded, unavailable, slowestMs] = [0, 0, 0, 0]
  let isStopping = false

  function count(answer: Answer, data: unknown, startedMs: number): boolean {
    requests++
    slowestMs = Math.max(slowestMs, performance.now() - startedMs)
    if (data !== undefined && answer.errors.length === 0) {
      succeeded++
      return true
    }
    if (answer.status === 503 && answer.headers.has('retry-after')) unavailable++
    else failures.push(`${answer.status} ${answer.text}`)
    return false
  }

  async function work(): Promise<void> {
    let token = await newToken()
    const client = createClient(getUrl, async () => token)
    for (let turn = 0; !isStopping; turn++) {
      if (turn % requestsPerToken === 0) token = await newToken().catch(() => token)
      let startedMs = performance.now()
      const encrypted = await client.send(
        'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }',
        { input: { key: keyId, plaintext: base64('order') } },
      )
      const ciphertext = encrypted.data?.encrypt?.ciphertext
      if (count(encrypted, ciphertext, startedMs)) {
        signingKeys.add(String(decodeProtectedHeader(token).kid))
        startedMs = performance.now()
        const decrypted = await client.send(
          'mutation($input: DecryptInput!) { decrypt(input: $input) { ... on DecryptPayload { plaintext } } }',
          { input: { ciphertext } },
        )
        count(decrypted, decrypted.data?.decrypt?.plaintext, startedMs)
      }
      await sleep(20)
    }
  }

  const figures = (): LoadFigures => ({
    requests,
    succeeded,
    unavailable,
    failures,
    signingKeys: [...signingKeys],
    slowestMs: Math.round(slowestMs),
  })
  const working = Promise.all(Array.from({ length: workers }, work))
  const until = async (isReached: () => boolean) => {
    // A worker that fails ends the wait.
    while (!isReached()) await Promise.race([sleep(20), working])
  }
  return {
    figures,
    answered: (more) => {
      const goal = requests + more
      return until(() => requests >= goal)
    },
    usedKey: (keyId) => until(() => signingKeys.has(keyId)),
    async stop() {
      isStopping = true
      await working
      return figures()
    },
  }
}
