import type { Client } from '../support/story.ts'
import type { KnownKey, Ledger } from './ledger.ts'
import {
  chooseEdit,
  chooseOf,
  chooseOperation,
  chooseRetirement,
  chooseRotation,
  type Operation,
} from './load-choice.ts'
import { changeKey, createKey, decrypt, encrypt } from './load-operations.ts'
import type { Sent } from './sent.ts'

/** What a load has done so far. */
export interface LoadCounts {
  /** Answered as asked, by operation. */
  readonly answered: Record<Operation, number>
  /** Refused, or in doubt, by code: `UNAVAILABLE`, or that of a broken connection such as `ECONNREFUSED`. */
  readonly errors: Record<string, number>
}

/** Workers that use servers until they are stopped. */
export interface MixedLoad {
  readonly counts: LoadCounts
  /** Whether it ended by itself, which `stop` explains. */
  hasFailed(): boolean
  /**
   * Lets each worker finish what it has sent.
   *
   * @throws AggregateError of everything that no fault excuses: a wrong answer, or an error that is not UNAVAILABLE
   */
  stop(): Promise<void>
}

/** How a load works. */
export interface LoadOptions {
  /** Of one person who may manage keys, one for each server; each request goes to one of them by chance. */
  readonly clients: readonly Client[]
  /** Where it notes what was acknowledged, and from which it takes what it goes on with. */
  readonly ledger: Ledger
  /** How many requests are under way at once; 4 if not given. */
  readonly workers?: number
}

/** How long a worker waits after an error. */
const pauseMs = 10

/** Starts workers that create, rotate, rename, limit, retire and destroy keys, and encrypt and decrypt. */
export function startMixedLoad({ clients, ledger, workers = 4 }: LoadOptions): MixedLoad {
  const answered = { create: 0, encrypt: 0, decrypt: 0, rotate: 0, edit: 0, retire: 0 }
  const errors: Record<string, number> = {}
  const failures: unknown[] = []
  let stopping = false

  async function work(): Promise<void> {
    while (!stopping) {
      const client = chooseOf(clients)
      if (client === undefined) throw new TypeError('a load needs a client')
      const operation = chooseOperation()
      const sent = await carryOut(operation, client, ledger)
      if (sent === null) continue
      if (sent.outcome === 'answered') {
        answered[operation]++
      } else {
        errors[sent.code] = (errors[sent.code] ?? 0) + 1
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  const working = Array.from({ length: workers }, () =>
    work().catch((error: unknown) => {
      failures.push(error)
      stopping = true
    }),
  )
  return {
    counts: { answered, errors },
    hasFailed: () => failures.length > 0,
    async stop() {
      stopping = true
      await Promise.all(working)
      if (failures.length > 0) {
        ledger.lost += failures.length
        throw new AggregateError(failures, `no fault excuses this: ${failures.map(String).join('; ')}`)
      }
    },
  }
}

/** Carries out an operation on something by chance; null if there is nothing to do it on. A first key comes first. */
async function carryOut(operation: Operation, client: Client, ledger: Ledger): Promise<Sent | null> {
  const keys = [...ledger.keys.values()]
  if (operation === 'create' || keys.length === 0) return createKey(client, ledger)
  if (operation === 'decrypt') {
    const known = chooseOf(ledger.ciphertexts)
    return known === undefined ? null : decrypt(client, ledger, known)
  }
  const key = chooseOf(operation === 'encrypt' ? keys : keys.filter(isFree))
  if (key === undefined) return null
  if (operation === 'encrypt') return encrypt(client, ledger, key)
  const choose = { rotate: chooseRotation, edit: chooseEdit, retire: chooseRetirement }[operation]
  const change = choose(key)
  return change === null ? null : changeKey(client, ledger, { key, change })
}

function isFree({ changing, inDoubt, rotationDue }: KnownKey): boolean {
  return changing === null && inDoubt === null && !rotationDue
}
