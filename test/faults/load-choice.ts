import { randomBytes, randomInt } from 'node:crypto'
import type { Change } from './known-key.ts'
import type { KnownKey } from './ledger.ts'

/** What a worker does next. */
export type Operation = 'create' | 'encrypt' | 'decrypt' | 'rotate' | 'edit' | 'retire'

/** How often each is done, of a hundred. */
const shares: Readonly<Record<Operation, number>> = {
  create: 8,
  encrypt: 32,
  decrypt: 30,
  rotate: 10,
  edit: 10,
  retire: 10,
}

/** So that checks stay fast; the first page of versions has all of them. */
const versionsMax = 12

/** Algorithms that keys are made of in turns. */
const algorithms = ['AES_256_GCM', 'XAES_256_GCM', 'CHACHA20_POLY1305', 'AES_128_GCM'] as const

/** An operation by chance. */
export function chooseOperation(): Operation {
  let left = randomInt(100)
  for (const [operation, share] of Object.entries(shares)) {
    left -= share
    if (left < 0) return operation as Operation
  }
  return 'encrypt'
}

/** One of many by chance; undefined of none. */
export function chooseOf<T>(items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[randomInt(items.length)]
}

/** An algorithm by chance. */
export function chooseAlgorithm(): string {
  return chooseOf(algorithms) ?? algorithms[0]
}

/** A name that no other key has. */
export function newName(): string {
  return `key-${randomBytes(8).toString('hex')}`
}

/** A change of its name or its access list that makes a difference. */
export function chooseEdit({ state: { subjects } }: KnownKey): Change {
  const subject = `user:${randomBytes(4).toString('hex')}`
  const edits: Change[] = [{ type: 'rename', name: newName(), description: `renamed for ${subject}` }]
  if (subjects === null) edits.push({ type: 'limitAccess', subjects: [subject, 'group:payments'] })
  else edits.push({ type: 'addSubjects', subjects: [subject] }, { type: 'openAccess' })
  const [first] = subjects ?? []
  if (first !== undefined) edits.push({ type: 'removeSubjects', subjects: [first] })
  return chooseOf(edits) ?? { type: 'rename', name: newName(), description: '' }
}

/** One more step of an older version towards its end, or back; null if there is none to take. */
export function chooseRetirement({ state: { versions } }: KnownKey): Change | null {
  const steps = versions.slice(0, -1).flatMap((status, index): Change[] => {
    const version = index + 1
    if (status === 'ACTIVE') return [{ type: 'deactivate', version }]
    if (status === 'DESTROY_SCHEDULED') return [{ type: 'restore', version }]
    if (status !== 'DEACTIVATED') return []
    return [0, 7].map((waitingPeriodDays) => ({ type: 'destroy', version, waitingPeriodDays }))
  })
  return chooseOf(steps) ?? null
}

/** A rotation, unless the key has versions enough. */
export function chooseRotation({ state: { versions } }: KnownKey): Change | null {
  return versions.length < versionsMax ? { type: 'rotate' } : null
}
