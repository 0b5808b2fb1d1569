import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient } from './api-client.ts'
import type { BenchIssuer } from './bench-issuer.ts'
import { messageText } from './operations.ts'
import { quantile } from './two-samples.ts'

/** What the second project asks for. */
export const neighbourKinds = ['encrypt', 'sign', 'fresh token'] as const
type Kind = (typeof neighbourKinds)[number]

/** How the second project was served. */
export interface NeighbourRound {
  readonly failures: readonly string[]
  readonly requests: number
  /** Milliseconds of all answers, by what was asked for. */
  readonly latencies: Readonly<Record<Kind, readonly number[]>>
}

/** Keys and tokens of the second project. */
export interface Neighbour {
  readonly client: ApiClient
  readonly issuer: BenchIssuer
  readonly caller: string
  readonly encryptionKey: string
  readonly signingKey: string
}

const perSecond: Readonly<Record<Kind, number>> = { encrypt: 50, sign: 1, 'fresh token': 1 }
/** A request without an answer by then has failed. */
const patienceMs = 30_000

/**
 * Sends requests at fixed times, whether or not earlier ones were answered, and measures each from the time at which it
 * was due: what a server that stands still holds up counts as held up.
 */
export async function runNeighbour(neighbour: Neighbour, seconds: number): Promise<NeighbourRound> {
  const failures: string[] = []
  const latencies: Record<Kind, number[]> = { encrypt: [], sign: [], 'fresh token': [] }
  const pending: Promise<void>[] = []
  const startedAtMs = performance.now()

  async function ask(kind: Kind, dueAtMs: number): Promise<void> {
    const { client, issuer, caller } = neighbour
    const token = kind === 'fresh token' ? await issuer.freshTokenOf(caller) : await issuer.tokenOf(caller)
    try {
      const signal = AbortSignal.timeout(patienceMs)
      const { status, body } = await client.send(token, bodyOf(kind, neighbour), signal)
      latencies[kind].push(performance.now() - dueAtMs)
      const isRight = status === 200 && /"(ciphertext|signature)":"/.test(body)
      if (!isRight) failures.push(`${kind}: ${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? ''}`)
    } catch (error) {
      failures.push(`${kind}: ${error instanceof Error ? error.name : 'unknown'}`)
    }
  }

  async function keepAsking(kind: Kind): Promise<void> {
    const intervalMs = 1000 / perSecond[kind]
    for (let n = 0; n < seconds * perSecond[kind]; n++) {
      const dueAtMs = startedAtMs + n * intervalMs
      await sleep(Math.max(0, dueAtMs - performance.now()))
      pending.push(ask(kind, dueAtMs))
    }
  }

  await Promise.all(neighbourKinds.map(keepAsking))
  await Promise.all(pending)
  return { failures, requests: pending.length, latencies }
}

function bodyOf(kind: Kind, { encryptionKey, signingKey }: Neighbour): string {
  if (kind === 'sign') {
    return JSON.stringify({
      query: 'mutation($input: SignInput!) { sign(input: $input) { ... on SignPayload { signature } } }',
      variables: { input: { key: signingKey, message: messageText } },
    })
  }
  return JSON.stringify({
    query:
      'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }',
    variables: { input: { key: encryptionKey, plaintext: messageText } },
  })
}

/** The rounds together as one. */
export function joinRounds(rounds: readonly NeighbourRound[]): NeighbourRound {
  const latencies = Object.fromEntries(
    neighbourKinds.map((kind) => [kind, rounds.flatMap((round) => round.latencies[kind])]),
  ) as unknown as NeighbourRound['latencies']
  return {
    failures: rounds.flatMap(({ failures }) => failures),
    requests: rounds.reduce((sum, { requests }) => sum + requests, 0),
    latencies,
  }
}

/** Milliseconds below which so many of the answers stayed; of all kinds, or of one. */
export function latencyOf({ latencies }: NeighbourRound, part: number, kind?: Kind): number {
  const values = kind === undefined ? neighbourKinds.flatMap((each) => latencies[each]) : latencies[kind]
  return values.length === 0 ? Number.NaN : quantile(values, part)
}
