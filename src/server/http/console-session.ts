import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import * as v from 'valibot'
import type { KeptSession, LoginProvider } from '../../auth/console-login.ts'
import type { Grant } from '../../auth/renewals.ts'
import { type Config, consoleModeOf } from '../../config.ts'
import type { Log } from '../../log.ts'
import { type Answer, errorAnswer, jsonAnswer } from '../answer.ts'
import type { Admission } from '../load/admission.ts'
import { addressKey, createRateLimit, type FailureLimit, RateLimitedError } from '../load/rate-limit.ts'
import type { Shed } from '../load/shedding.ts'
import { type Exchange, receiveShortBody } from './receive-body.ts'
import { headerOf, refuseContent } from './request-head.ts'

/** Answers what the console asks about its login; null for other requests. */
export type ConsoleSessionStep = (exchange: Exchange, path: string) => Promise<Answer> | Answer | null

/** What sessions of the console need of the server. */
export interface ConsoleSessionParts {
  readonly config: Config
  readonly log: Log
  /** Null if codes are exchanged in the browser, and in development mode. */
  readonly login: LoginProvider | null
  readonly personas: readonly { readonly name: string }[]
  /** Throws if the API would refuse the token. */
  readonly assertAccepted: (token: string) => Promise<unknown>
  readonly admission: Admission
  readonly failureLimit: FailureLimit
  readonly shed: (reason: Shed) => Answer
  readonly clientAddressOf: (request: IncomingMessage) => string | null
}

/** A request, with its body. */
interface Asked {
  readonly request: IncomingMessage
  readonly received: Buffer
}

/** Path of the settings that the console reads first. */
const settingsPath = '/console/settings.json'
/** Path of sessions, for the log and the metrics. */
export const sessionPath = '/console/session'
/** Path that the provider sends people back to. */
export const callbackPath = '/console/callback'

/** Size and time of a body. A code of a provider can have some thousand characters. */
const body = { bytesMax: 16_384, withinMs: 2000 } as const
/** Requests of one address to the provider in a minute. */
const callsPerMinuteMax = 300
/** Requests to the provider at once: a slow one leaves slots for requests of the API. */
const callsAtOnceMax = 32
/** Largest cookie that browsers keep: name and value, in bytes. */
const cookieBytesMax = 4096

const text = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max))
const reply = v.strictObject({
  code: text(8192),
  iss: v.nullable(text(2048)),
  codeVerifier: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~-]{43,128}$/)),
  nonce: text(128),
})
const nothing = v.strictObject({})

/**
 * Builds the step for logins. Sessions are kept by the browser: its cookie holds the refresh token, which no script can read
 * and which authenticates nothing but a renewal. All answers have `Cache-Control: no-store`, as every answer of the server.
 */
export function createConsoleSession(parts: ConsoleSessionParts): ConsoleSessionStep {
  const { config, log, login, admission, failureLimit } = parts
  const settings = settingsOf(parts)
  const cookie = createSessionCookie(config, log)
  const calls = createRateLimit({ units: callsPerMinuteMax, windowSeconds: 60 })
  let callsUnderWay = 0

  const steps: Readonly<Record<string, (provider: LoginProvider, asked: Asked) => Promise<Answer>>> = {
    [`GET ${sessionPath}/provider`]: async (provider) => jsonAnswer(200, await provider.pages()),
    [`POST ${sessionPath}`]: (provider, { received }) =>
      withContent(received, reply, async (given) => {
        const grant = await provider.redeem(given)
        // Otherwise every request of the page would be refused, and the person would not learn why.
        await parts.assertAccepted(grant.token).catch(async (error: unknown) => {
          if (grant.refreshToken !== null) await provider.revoke(grant.refreshToken)
          throw error
        })
        return answerGrant(grant)
      }),
    [`POST ${sessionPath}/renew`]: (provider, { request, received }) =>
      withContent(received, nothing, async () => {
        const kept = cookie.read(request)
        if (kept === null) return { status: 204, headers: {}, body: null }
        return answerGrant(await provider.renew(kept))
      }),
    [`DELETE ${sessionPath}`]: async (provider, { request }) => {
      const kept = cookie.read(request)
      if (kept !== null) await provider.revoke(kept.refreshToken)
      return { status: 204, headers: { 'set-cookie': cookie.cleared }, body: null }
    },
  }

  function answerGrant(grant: Grant): Answer {
    const { refreshToken, subject, name, token, expiresInSeconds } = grant
    const kept = refreshToken === null ? null : cookie.write({ refreshToken, subject, name })
    const answer = jsonAnswer(200, { token, expiresInSeconds, subject, name, isRenewable: kept !== null })
    return { ...answer, headers: { ...answer.headers, 'set-cookie': kept ?? cookie.cleared } }
  }

  /** Counts calls and refusals by address, and takes a slot of those for unauthenticated requests once the body is here. */
  async function admitted(exchange: Exchange, run: (asked: Asked) => Promise<Answer>): Promise<Answer> {
    const { request } = exchange
    const address = parts.clientAddressOf(request)
    await failureLimit.check(address)
    const seconds = address === null ? 0 : await calls.take(addressKey(address), 1)
    if (seconds > 0) {
      throw new RateLimitedError(
        'rate',
        `An address may log in or renew ${callsPerMinuteMax} times a minute.`,
        seconds,
      )
    }
    const received = request.method === 'POST' ? await receiveShortBody(exchange, body) : Buffer.alloc(0)
    if (!Buffer.isBuffer(received)) return received
    const slot = callsUnderWay < callsAtOnceMax ? admission.admit() : null
    if (slot === null || !slot.markUnauthenticated(false)) {
      slot?.release()
      return parts.shed('full')
    }
    callsUnderWay++
    try {
      return await run({ request, received })
    } catch (error) {
      if (isRefusal(error)) await failureLimit.count(address)
      throw error
    } finally {
      callsUnderWay--
      slot.release()
    }
  }

  return (exchange, path) => {
    const { request } = exchange
    if (path === settingsPath) {
      return request.method === 'GET' ? jsonAnswer(200, settings) : refuseOtherMethod('GET')
    }
    if (login === null || (path !== sessionPath && !path.startsWith(`${sessionPath}/`))) return null
    const step = steps[`${request.method} ${path}`]
    if (step === undefined) return refuseUnknown(path, Object.keys(steps))
    const isReading = request.method === 'GET'
    const refusal =
      (isReading ? null : refuseOtherOrigin(request, config)) ??
      (request.method === 'POST' ? refuseContent(request) : null)
    if (refusal !== null) return refusal
    return admitted(exchange, (asked) => step(login, asked)).catch((error: unknown) => {
      // The provider has ended the session: its cookie would be refused again and again.
      if (path === `${sessionPath}/renew` && isRefusal(error))
        exchange.response.setHeader('set-cookie', cookie.cleared)
      throw error
    })
  }
}

/** What the console and `keystead login` have to know, none of it secret. */
function settingsOf({ config, personas }: ConsoleSessionParts): object {
  if (consoleModeOf(config) !== 'oidc') {
    return { mode: 'development', personas: personas.map(({ name }) => name) }
  }
  return {
    mode: 'oidc',
    url: config.CONSOLE_URL,
    callbackPath,
    issuer: config.CONSOLE_OIDC_ISSUER,
    clientId: config.CONSOLE_OIDC_CLIENT_ID,
    commandLineClientId: config.CLI_OIDC_CLIENT_ID,
    scopes: config.CONSOLE_OIDC_SCOPES,
    parameters: config.CONSOLE_OIDC_PARAMETERS,
    token: config.CONSOLE_OIDC_TOKEN,
    exchange: config.CONSOLE_OIDC_EXCHANGE,
  }
}

/**
 * Refuses requests of other pages; null if the request may go on. Browsers send the Origin header with every request of these
 * methods. The cookie is also `SameSite=Strict`, and a body of JSON cannot be sent by a form.
 */
function refuseOtherOrigin({ headers }: IncomingMessage, { CONSOLE_URL }: Config): Answer | null {
  const site = headerOf(headers, 'sec-fetch-site')
  if (headerOf(headers, 'origin') === CONSOLE_URL && (site === null || site === 'same-origin')) return null
  const message = `Only the console at ${CONSOLE_URL} may use its session. If you opened it at another address, use this one, or correct CONSOLE_URL.`
  return errorAnswer(403, { code: 'FORBIDDEN', message })
}

function refuseOtherMethod(allow: string): Answer {
  const message = `This path is answered to ${allow} requests only.`
  return errorAnswer(405, { code: 'BAD_REQUEST', message }, { allow })
}

function refuseUnknown(path: string, known: readonly string[]): Answer {
  const methods = known.flatMap((each) => (each.endsWith(` ${path}`) ? [each.split(' ')[0]] : []))
  if (methods.length > 0) return refuseOtherMethod(methods.join(', '))
  return errorAnswer(404, { code: 'BAD_REQUEST', message: 'Unknown path below /console/session.' })
}

async function withContent<Schema extends v.GenericSchema>(
  received: Buffer,
  schema: Schema,
  run: (given: v.InferOutput<Schema>) => Promise<Answer>,
): Promise<Answer> {
  const parsed = v.safeParse(schema, parseJson(received))
  if (parsed.success) return run(parsed.output)
  const message = 'The body is not what the console sends. Reload the page: it may be of another release.'
  return errorAnswer(400, { code: 'BAD_REQUEST', message })
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return null
  }
}

function isRefusal(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'UNAUTHENTICATED'
}

/** The cookie of a session. */
interface SessionCookie {
  /** The session of a request; null without one, or with several: another host of the domain may have set the others. */
  read(request: IncomingMessage): KeptSession | null
  /** Value of Set-Cookie; null for a session that is too large for a cookie. */
  write(session: KeptSession): string | null
  /** Value of Set-Cookie that removes it. */
  readonly cleared: string
}

/**
 * Builds the cookie. With https its name begins with `__Host-`, so that no other host of the domain can set it: somebody could
 * log others in under their own name. That prefix requires the path `/`. On http, which is for this machine only, the path is
 * narrower. The name differs by installation: cookies are shared by all ports of a host. It ends with the browser's session.
 */
function createSessionCookie(config: Config, log: Log): SessionCookie {
  const { CONSOLE_URL, CONSOLE_OIDC_ISSUER, CONSOLE_OIDC_CLIENT_ID } = config
  const isSecure = CONSOLE_URL?.startsWith('https:') === true
  const installation = JSON.stringify([CONSOLE_URL, CONSOLE_OIDC_ISSUER, CONSOLE_OIDC_CLIENT_ID])
  const id = createHash('sha256').update(installation).digest('hex').slice(0, 8)
  const name = `${isSecure ? '__Host-' : ''}keystead-${id}`
  const attributes = `${isSecure ? 'Path=/; Secure' : `Path=${sessionPath}`}; HttpOnly; SameSite=Strict`
  let hasWarned = false

  return {
    read({ headers }) {
      const values = (headerOf(headers, 'cookie') ?? '')
        .split(';')
        .map((each) => each.trim())
        .filter((each) => each.startsWith(`${name}=`))
        .map((each) => each.slice(name.length + 1))
      const [value, ...others] = new Set(values)
      return value === undefined || others.length > 0 ? null : parseSession(value)
    },
    write({ refreshToken, subject, name: shown }) {
      const about = Buffer.from(JSON.stringify([subject, shown])).toString('base64url')
      const pair = `${name}=${about}.${encodeURIComponent(refreshToken)}`
      if (Buffer.byteLength(pair) <= cookieBytesMax) return `${pair}; ${attributes}`
      if (!hasWarned) {
        log.warn(
          { bytes: Buffer.byteLength(pair), bytesMax: cookieBytesMax },
          'refresh tokens of the identity provider are too large for a cookie: sessions of the console are not renewed',
        )
      }
      hasWarned = true
      return null
    },
    cleared: `${name}=; ${attributes}; Max-Age=0`,
  }
}

function parseSession(value: string): KeptSession | null {
  const dot = value.indexOf('.')
  try {
    const [subject, name] = JSON.parse(
      Buffer.from(value.slice(0, dot), 'base64url').toString('utf8'),
    ) as unknown[]
    const refreshToken = decodeURIComponent(value.slice(dot + 1))
    if (dot < 0 || typeof subject !== 'string' || typeof name !== 'string' || refreshToken === '') return null
    return { subject, name, refreshToken }
  } catch {
    return null
  }
}
