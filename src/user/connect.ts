import { createClient, type KeysteadClient } from '../../packages/client/src/index.ts'
import { CommandError, UsageError } from '../command-line/command.ts'
import { isLoopback, LoginEndedError, renewGrant } from './identity-provider.ts'
import { openSavedLogins, readProtected, type SavedLogin, type SavedLogins } from './saved-logins.ts'
import { fetchFromServer } from './server-settings.ts'
import { shown } from './shown-text.ts'
import type { UserContext } from './user-command.ts'

/** Options of the commands that talk to a server. */
export const connectionOptions = {
  server: {
    type: 'string',
    value: 'URL',
    meaning: 'The server. Otherwise KEYSTEAD_URL, or the server of the login.',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    meaning: 'File with an access token. Otherwise KEYSTEAD_TOKEN, or the login.',
  },
  profile: {
    type: 'string',
    value: 'NAME',
    meaning: 'The login to use, if you have several. Otherwise KEYSTEAD_PROFILE, or "default".',
  },
} as const

/** Option of the commands with a result for programs. */
export const jsonOption = {
  json: { type: 'boolean', meaning: 'Prints the result as one JSON document.' },
} as const

/** What a command with `connectionOptions` is given. */
export interface ConnectionContext extends Omit<UserContext, 'options'> {
  readonly options: {
    readonly server: string | undefined
    readonly profile: string | undefined
    readonly 'token-file'?: string | undefined
  }
}

/** A server, and how its client gets tokens. */
export interface ConnectedServer {
  readonly url: string
  /** Its calls are retried, and end with Ctrl+C if the signal is passed on. */
  readonly client: KeysteadClient
}

/** A token that ends this soon is renewed. */
const marginMs = 30_000

/**
 * Finds the server and a token for it.
 *
 * @throws UsageError if none is named, CommandError if the login cannot be used
 */
export async function connect(context: ConnectionContext): Promise<ConnectedServer> {
  const given = await givenToken(context)
  const logins = loginsOf(context)
  const named = namedServer(context)
  if (given !== null) {
    const url = named ?? (await logins.read())?.server
    if (url === undefined) throw missingServer()
    requireTls(url)
    return { url, client: createClient({ url, token: given }) }
  }
  const login = await logins.read()
  if (login === null) {
    throw new CommandError(
      `You are not signed in${profileText(context)}. Run: keystead login${named === null ? ' --server URL' : ` --server ${named}`}`,
    )
  }
  if (named !== null && named !== login.server) {
    throw new CommandError(
      `The login${profileText(context)} is for ${login.server}, and is not used for ${named}. Sign in there: keystead login --server ${named} --profile NAME`,
    )
  }
  const { server: url } = login
  requireTls(url)
  return { url, client: createClient({ url, token: tokensOf(logins, url, context) }) }
}

/** The saved logins of the profile that is named. */
export function loginsOf({ options, environment }: ConnectionContext): SavedLogins {
  return openSavedLogins(options.profile ?? (environment['KEYSTEAD_PROFILE'] || 'default'), environment)
}

/** The server that is named by an option or the environment; null if none is. */
export function namedServer({ options, environment }: ConnectionContext): string | null {
  const text = options.server ?? environment['KEYSTEAD_URL'] ?? ''
  if (text === '') return null
  const url = URL.parse(text)
  const isUsable =
    url !== null && ['http:', 'https:'].includes(url.protocol) && url.username + url.password === ''
  if (isUsable) return `${url.origin}${url.pathname}`.replace(/\/(graphql\/?)?$/, '')
  const source = options.server === undefined ? 'KEYSTEAD_URL' : '--server'
  throw new UsageError(`${source} must be an address such as https://keystead.example.com.`)
}

/**
 * Refuses to send a token in clear, except to this machine.
 *
 * @throws CommandError
 */
export function requireTls(server: string): void {
  const url = new URL(server)
  if (url.protocol === 'https:' || isLoopback(url)) return
  throw new CommandError(
    `A token needs an https server, got ${shown(server)}: others could read it on its way. Give an https address; http is for 127.0.0.1, [::1] and localhost only.`,
  )
}

/** The error for a command that knows no server. */
export function missingServer(): UsageError {
  return new UsageError('The server is missing. Give --server URL, or set KEYSTEAD_URL.')
}

function profileText({ options, environment }: ConnectionContext): string {
  const profile = options.profile ?? environment['KEYSTEAD_PROFILE'] ?? ''
  return profile === '' ? '' : ` (profile ${profile})`
}

async function givenToken({ options, environment }: ConnectionContext): Promise<string | null> {
  const path = options['token-file']
  if (path !== undefined) {
    const text = await readProtected(path, 'token')
    if (text === null) throw new CommandError(`The file ${path} with the token does not exist.`)
    return text.trim()
  }
  const token = (environment['KEYSTEAD_TOKEN'] ?? '').trim()
  return token === '' ? null : token
}

/** Gives tokens of a login: it is called again before one ends, and after one was refused. */
function tokensOf(logins: SavedLogins, server: string, context: ConnectionContext): () => Promise<string> {
  let last: string | null = null
  return async () => {
    const login = await readAgain(logins, server)
    const isNew = login.token !== last
    const renewed = isNew && isFresh(login, marginMs) ? login : await renew(logins, login, context)
    last = renewed.token
    return last
  }
}

/** Reads the login of a command that is under way: its profile may have been used for another server meanwhile. */
async function readAgain(logins: SavedLogins, server: string): Promise<SavedLogin> {
  const login = await logins.read()
  if (login === null) throw new CommandError(`You have signed out meanwhile. Run: keystead login`)
  if (login.server !== server) {
    throw new CommandError(
      `The login is for ${login.server} now, and is not used for ${server}. Sign in there with --profile NAME to keep both.`,
    )
  }
  return login
}

function isFresh({ expiresAt }: SavedLogin, forMs: number): boolean {
  return expiresAt === null || Date.parse(expiresAt) - Date.now() > forMs
}

/** Renews a login, unless another command did it in the meantime: a refresh token may be used once. */
async function renew(
  logins: SavedLogins,
  { server, token }: SavedLogin,
  { signal, ...context }: ConnectionContext,
): Promise<SavedLogin> {
  return logins.alone(async () => {
    const login = await readAgain(logins, server)
    if (login.token !== token && isFresh(login, marginMs)) return login
    // The server says what is wrong with the token, if anything is.
    if (!isRenewable(login) && isFresh(login, 0)) return login
    const renewed = await renewLogin(login, signal).catch((error: unknown) => {
      if (!(error instanceof LoginEndedError)) throw error
      throw new CommandError(`${error.message} Sign in again: keystead login${profileArgument(context)}`)
    })
    await logins.write(renewed)
    return renewed
  }, signal)
}

function isRenewable({ source }: SavedLogin): boolean {
  return source.kind === 'development' || source.refreshToken !== null
}

async function renewLogin(login: SavedLogin, signal: AbortSignal): Promise<SavedLogin> {
  const { server, source } = login
  if (source.kind === 'oidc') return { server, ...(await renewGrant(source, signal)) }
  return { server, source, ...(await fetchDevelopmentToken(server, source.persona, signal)) }
}

function profileArgument({
  options,
  environment,
}: Pick<ConnectionContext, 'options' | 'environment'>): string {
  const profile = options.profile ?? environment['KEYSTEAD_PROFILE'] ?? ''
  return profile === '' ? '' : ` --profile ${profile}`
}

/** Gets a token of a server in development mode. */
export async function fetchDevelopmentToken(
  server: string,
  persona: string,
  signal: AbortSignal,
): Promise<Pick<SavedLogin, 'token' | 'expiresAt'>> {
  const answer = await fetchFromServer(server, `/dev/tokens/${encodeURIComponent(persona)}`, signal)
  const token = answer?.['token']
  if (typeof token !== 'string') throw new CommandError(`${server} gives no token for this persona.`)
  return { token, expiresAt: null }
}
