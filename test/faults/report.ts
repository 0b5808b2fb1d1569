import { appendFileSync } from 'node:fs'

/** What came of one fault, as `npm run test:faults` prints it. */
export interface FaultRow {
  /** What was broken, in few words, with the database where it matters. */
  readonly fault: string
  /** How often. */
  readonly rounds: number
  /** Changes and ciphertexts that were acknowledged. */
  readonly acknowledged: number
  /** How many of them, or of other promises, did not hold. */
  readonly lost: number
  /** From each fault, or the restart after it, to the first request that was answered; empty if none was. */
  readonly recoveredInMs: readonly number[]
}

/** Names the file that rows are appended to, one JSON object a line. Not set: nobody wants them. */
export const reportVariable = 'KEYSTEAD_FAULTS_REPORT'

/** How often each fault is repeated: FAULT_ROUNDS, or few, for all tests together must not take long. */
export function faultRounds(): number {
  const rounds = Number(process.env['FAULT_ROUNDS'] ?? 3)
  if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError('FAULT_ROUNDS must be a number from 1')
  return rounds
}

/** Reports what came of a fault; also where the test is about to fail. */
export function reportFault(row: FaultRow): void {
  const file = process.env[reportVariable]
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`)
}

/** Says how far a fault has come, for those who wait for the long form. */
export function reportRound(fault: string, round: number, rounds: number): void {
  if (process.env[reportVariable] !== undefined) {
    process.stderr.write(`${fault}: round ${round} of ${rounds} is over\n`)
  }
}

/** How long something that is broken stays so, at least: ten seconds in the long form, and else two. */
export function outageMs(): number {
  return process.env[reportVariable] === undefined ? 2000 : 10_000
}
