import { systemTroubleOf, type Trouble } from '../system-errors.ts'

/** Why the keys of an issuer could not be read. */
export interface FetchTrouble extends Trouble {
  /** The address without credentials and query, or the path of the file. */
  readonly url: string
}

/** The answer is not a JWK Set. The message is for the operator, and quotes nothing of the answer. */
export class BadAnswerError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Error for a status other than 200. */
export function badStatus(status: number): BadAnswerError {
  const isRedirect = status >= 300 && status < 400
  return new BadAnswerError(
    `HTTP_${status}`,
    isRedirect
      ? `The address answers with a redirect (${status}), which is not followed. Configure the address that it leads to.`
      : `The address answers with status ${status} instead of 200. Check it, and the log of the issuer.`,
  )
}

/** Describes a failed fetch. */
export function fetchTroubleOf(error: unknown, url: string): FetchTrouble {
  return { url: withoutSecrets(url), ...reasonOf(error) }
}

function reasonOf(error: unknown): Trouble {
  if (error instanceof BadAnswerError) return { code: error.code, text: error.message }
  const system = systemTroubleOf(error)
  if (system !== null) return system
  const name = error instanceof Error ? error.name : typeof error
  if (name === 'TimeoutError' || name === 'AbortError' || name === 'JWKSTimeout') {
    return {
      code: 'TIMEOUT',
      text: 'There was no answer in time. Check the address, and firewalls on the way.',
    }
  }
  return { code: codeOf(error) ?? name, text: 'The connection failed, or the answer broke off.' }
}

function codeOf(error: unknown): string | null {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } }
  const found = cause?.code ?? code
  return typeof found === 'string' ? found : null
}

function withoutSecrets(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? '' : `${parsed.origin}${parsed.pathname}`
}
