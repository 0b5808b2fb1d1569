import { counted } from '../../counted.ts'
import { firstHash, hashOf } from '../chain.ts'
import { type ReadLine, readLine } from '../export.ts'
import type { Checkpoint } from './checkpoint.ts'
import { chainFinding, type Finding, otherFinding, recordFinding } from './finding.ts'

/** Where a line stands. */
export interface LinePlace {
  /** Name of the file, for people. */
  readonly file: string
  readonly line: number
}

/** Result of the verification of an export. */
export interface ExportReport {
  readonly findings: readonly Finding[]
  readonly chains: number
  /** Records, each counted once. */
  readonly records: number
  /** Identical records that came again. */
  readonly repeats: number
  /** Records that a checkpoint vouches for. */
  readonly signed: number
  /** Chains that a checkpoint knows and of which there is no record; only counted if parts are accepted. */
  readonly absentChains: number
}

/** Verifies lines of an export, as they come. */
export interface ExportVerifier {
  /** Begins another file, in which the records of each chain must be in their order. */
  startFile(): void
  /** Verifies a line. Returns false if it is no record at all. */
  add(line: Readonly<Record<string, unknown>>, place: LinePlace): boolean
  finish(checkpoints: readonly Checkpoint[]): ExportReport
}

const hashBytes = 32

/** Records of a chain whose numbers follow on each other, with their hashes. */
interface Run {
  readonly first: number
  last: number
  /** Hash before the first record, as that record has it. */
  readonly before: Uint8Array
  hashes: Buffer
}

/** What is known of a chain. */
interface Chain {
  readonly id: string
  readonly number: number
  /** By their first numbers. */
  readonly runs: Run[]
  /** Number of the last record in the current file. */
  lastInFile: number
}

/**
 * Builds the verification of an export, which needs no database. Lines may come again, and files in any order; of each
 * record its hash is kept in memory, so that one that comes again can be compared.
 *
 * @param isPartial true if chains may begin after their first record, or be absent
 */
export function createExportVerifier({ isPartial }: { readonly isPartial: boolean }): ExportVerifier {
  const findings: Finding[] = []
  const chains = new Map<string, Chain>()
  let repeats = 0

  function chainOf({ chainId, chain: number }: ReadLine): Chain {
    const known = chains.get(chainId)
    if (known !== undefined) return known
    const chain = { id: chainId, number, runs: [], lastInFile: 0 }
    chains.set(chainId, chain)
    return chain
  }

  function addRecord(record: ReadLine): void {
    const chain = chainOf(record)
    const { sequence, hash, previousHash, event } = record
    const named = { sequence, id: event.id }
    if (chain.number !== record.chain) {
      findings.push(recordFinding(record.chain, named, `is one of chain ${chain.number}`))
    }
    if (Buffer.compare(hashOf(previousHash, event), hash) !== 0) {
      findings.push(recordFinding(chain.number, named, 'was changed'))
    }
    const holder = runWith(chain, sequence)
    if (holder !== null) {
      if (Buffer.compare(hashAt(holder, sequence), hash) === 0) repeats += 1
      else findings.push(recordFinding(chain.number, named, 'comes again as another record'))
    } else {
      if (sequence < chain.lastInFile) findings.push(recordFinding(chain.number, named, 'is out of order'))
      append(chain, record, findings)
    }
    chain.lastInFile = Math.max(sequence, chain.lastInFile)
  }

  return {
    startFile() {
      for (const chain of chains.values()) chain.lastInFile = 0
    },
    add(line, { file, line: number }) {
      const record = readLine(line)
      if (record !== null) {
        addRecord(record)
        return true
      }
      const { chain, chainId } = line
      if (chain === null && chainId === null) return false
      findings.push(otherFinding(`${file}, line ${number} is not a record as Keystead writes it`))
      return true
    },
    finish(checkpoints) {
      const ordered = [...chains.values()].toSorted((a, b) => a.number - b.number)
      for (const chain of ordered) findings.push(...gapsOf(chain, isPartial))
      const { signed, absentChains } = compare(chains, checkpoints, { findings, isPartial })
      const records = ordered.reduce(
        (sum, { runs }) => sum + runs.reduce((all, run) => all + lengthOf(run), 0),
        0,
      )
      return { findings, chains: chains.size, records, repeats, signed, absentChains }
    },
  }
}

function lengthOf({ first, last }: Run): number {
  return last - first + 1
}

function hashAt({ first, hashes }: Run, sequence: number): Uint8Array {
  const start = (sequence - first) * hashBytes
  return hashes.subarray(start, start + hashBytes)
}

/** The run that has a number; null if there is none. */
function runWith({ runs }: Chain, sequence: number): Run | null {
  const run = runs[placeOf(runs, sequence + 1) - 1]
  return run !== undefined && sequence <= run.last ? run : null
}

/** Number of runs whose first number is lower. */
function placeOf(runs: readonly Run[], sequence: number): number {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle]?.first ?? 0) < sequence) low = middle + 1
    else high = middle
  }
  return low
}

/** Adds a record behind the one before it, or as the first one of a run. */
function append(chain: Chain, { sequence, hash, previousHash, event }: ReadLine, findings: Finding[]): void {
  const { runs } = chain
  const place = placeOf(runs, sequence)
  const before = runs[place - 1]
  if (before?.last === sequence - 1) {
    if (Buffer.compare(hashAt(before, before.last), previousHash) !== 0) {
      findings.push(
        recordFinding(chain.number, { sequence, id: event.id }, 'does not follow on the one before it'),
      )
    }
    before.last = sequence
    const end = lengthOf(before) * hashBytes
    if (before.hashes.length < end) {
      before.hashes = Buffer.concat([before.hashes], Math.max(1024 * hashBytes, 2 * before.hashes.length))
    }
    before.hashes.set(hash, end - hashBytes)
    return
  }
  runs.splice(place, 0, { first: sequence, last: sequence, before: previousHash, hashes: Buffer.from(hash) })
}

/** Missing records, and runs that do not follow on each other. */
function gapsOf({ id, number, runs }: Chain, isPartial: boolean): Finding[] {
  const findings: Finding[] = []
  let before: { readonly last: number; readonly hash: Uint8Array } = { last: 0, hash: firstHash(id) }
  for (const run of runs) {
    if (run.first === before.last + 1) {
      if (Buffer.compare(run.before, before.hash) !== 0) {
        findings.push(recordFinding(number, { sequence: run.first }, 'does not follow on the one before it'))
      }
    } else if (before.last > 0 || !isPartial) {
      findings.push(missing(number, before.last + 1, run.first - 1))
    }
    before = { last: run.last, hash: hashAt(run, run.last) }
  }
  return findings
}

function missing(chain: number, first: number, last: number): Finding {
  return first === last
    ? recordFinding(chain, { sequence: first }, 'is missing')
    : { chain, sequence: first, text: `chain ${chain}, records ${first} to ${last} are missing` }
}

/** Compares with where the chains ended at checkpoints. */
function compare(
  chains: ReadonlyMap<string, Chain>,
  checkpoints: readonly Checkpoint[],
  { findings, isPartial }: { readonly findings: Finding[]; readonly isPartial: boolean },
): { readonly signed: number; readonly absentChains: number } {
  const absent = new Set<string>()
  const signedUpTo = new Map<Chain, number>()
  // The newest first: what it knows to be missing need not be told for each of the others.
  const told = new Set<string>()
  for (const { at, chains: ends } of checkpoints.toSorted((a, b) => b.at.getTime() - a.at.getTime())) {
    for (const { id, number, sequence, hash } of ends) {
      const chain = chains.get(id)
      if (sequence === 0 || told.has(id)) continue
      if (chain === undefined) {
        absent.add(id)
        told.add(id)
        if (!isPartial) {
          findings.push(chainFinding(number, `is missing: the checkpoint of ${at.toISOString()} knows it`))
        }
        continue
      }
      const run = runWith(chain, sequence)
      if (run === null) {
        const last = chain.runs.at(-1)?.last ?? 0
        if (last < sequence) {
          told.add(id)
          findings.push({
            ...missing(number, last + 1, sequence),
            text: `${missing(number, last + 1, sequence).text}: the checkpoint of ${at.toISOString()} knows ${sequence === last + 1 ? 'it' : 'them'}`,
          })
        }
      } else if (Buffer.compare(hashAt(run, sequence), hash) === 0) {
        signedUpTo.set(chain, Math.max(sequence, signedUpTo.get(chain) ?? 0))
      } else {
        told.add(id)
        const what = `is not the one that the checkpoint of ${at.toISOString()} knows`
        findings.push(recordFinding(number, { sequence }, what))
      }
    }
  }
  let signed = 0
  for (const [{ runs }, upTo] of signedUpTo) {
    for (const { first, last } of runs) signed += Math.max(0, Math.min(last, upTo) - first + 1)
  }
  return { signed, absentChains: absent.size }
}

/** A sentence about what was verified. */
export function describeExport({ chains, records, repeats, findings }: ExportReport): string {
  const again = repeats === 0 ? '' : ` (${counted(repeats, 'repeat')})`
  const what = `${counted(chains, 'chain')} with ${counted(records, 'record')}${again}`
  return findings.length === 0
    ? `${what} verified, no problems found.`
    : `${counted(findings.length, 'finding')} in ${what}.`
}
