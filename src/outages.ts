import { LRUCache } from 'lru-cache'
import type { FetchTrouble } from './auth/fetch-trouble.ts'
import type { IssuerTrouble } from './auth/jwks.ts'
import { RootKeyError } from './keyring/root-key-provider.ts'
import type { OutagePart } from './keys/parts/dependencies.ts'
import type { Log } from './log.ts'
import { databaseTroubleOf } from './store/database-trouble.ts'
import { systemTroubleOf, type Trouble } from './system-errors.ts'

/** Warns the operator about failures outside of the server. */
export interface Outages {
  report(part: OutagePart, error: unknown): void
  reportIssuer(trouble: IssuerTrouble): void
  /** Reports that people cannot log in to the console. */
  reportLogin(trouble: FetchTrouble): void
  /** Reports that a sink of the audit trail does not take records. */
  reportSink(sink: string, trouble: Trouble): void
  /** Reports that there are too many connections of clients. */
  reportFull(connectionsMax: number): void
}

const beginnings: Readonly<Record<OutagePart, string>> = {
  database: 'The database cannot be used.',
  auditTrail: 'Audit records cannot be written, and nothing is answered without them.',
  rootKey: 'The root key cannot be used.',
}

/** Shortest time between two warnings about the same trouble, in milliseconds. */
const warningIntervalMs = 60_000
/** Most troubles that are remembered. */
const troublesMax = 200

/**
 * Builds the warnings. Each trouble is logged once a minute, with its number of occurrences, so that an outage does not fill
 * the log. Messages of libraries may contain values and are not logged, only their codes with our own texts.
 */
export function createOutages(log: Pick<Log, 'warn'>): Outages {
  const known = new LRUCache<string, { warnedAtMs: number; occurrences: number }>({ max: troublesMax })

  function warn(facts: Readonly<Record<string, string>>, text: string): void {
    const name = JSON.stringify(facts)
    const nowMs = performance.now()
    const last = known.get(name) ?? { warnedAtMs: Number.NEGATIVE_INFINITY, occurrences: 0 }
    const occurrences = last.occurrences + 1
    const isDue = nowMs - last.warnedAtMs >= warningIntervalMs
    known.set(name, isDue ? { warnedAtMs: nowMs, occurrences: 0 } : { ...last, occurrences })
    if (isDue) log.warn({ ...facts, occurrences }, text)
  }

  return {
    report(part, error) {
      const { code, text } = troubleOf(error)
      warn({ part, code }, `${beginnings[part]} ${text}`)
    },
    reportIssuer({ issuer, entry, url, code, text }) {
      warn({ part: 'issuer', issuer, entry, url, code }, `The keys of the issuer cannot be fetched. ${text}`)
    },
    reportLogin({ url, code, text }) {
      warn({ part: 'login', url, code }, `The identity provider of the console cannot be used. ${text}`)
    },
    reportSink(sink, { code, text }) {
      warn(
        { part: 'auditSink', sink, code },
        `The audit trail cannot be exported to the sink ${sink}. It is tried again, and nothing is lost meanwhile. ${text}`,
      )
    },
    reportFull(connectionsMax) {
      warn(
        { part: 'connections', code: 'FULL' },
        `There are ${connectionsMax} connections of clients, and more come: the ones that ask nothing are closed. Let clients share connections, or raise CONNECTIONS_MAX and the limit of open files.`,
      )
    },
  }
}

/** A part of the server did not answer in time. */
export class NoAnswerError extends Error {}

function troubleOf(error: unknown): Trouble {
  if (error instanceof NoAnswerError) {
    return {
      code: 'NO_ANSWER',
      text: 'There was no answer in time. Look for load, and for locks that are held.',
    }
  }
  if (error instanceof RootKeyError) {
    // This message is written for operators, and contains only files, labels and codes.
    const { message } = error
    const [code = 'ROOT_KEY'] = /CKR_[A-Z0-9_]+/.exec(message) ?? []
    return { code, text: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` }
  }
  const known = databaseTroubleOf(error) ?? systemTroubleOf(error)
  return known ?? { code: nameOf(error), text: 'The cause is unknown.' }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
