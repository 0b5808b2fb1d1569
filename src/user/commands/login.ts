import { createClient } from '../../../packages/client/src/index.ts'
import { CommandError, exitCodes, UsageError, type Values } from '../../command-line/command.ts'
import {
  connectionOptions,
  fetchDevelopmentToken,
  loginsOf,
  missingServer,
  namedServer,
  requireTls,
} from '../connect.ts'
import { type LoginRequest, logInWithBrowser, logInWithDevice, revokeGrant } from '../identity-provider.ts'
import type { SavedLogin, SavedLogins } from '../saved-logins.ts'
import { readServerLogin, type ServerLogin } from '../server-settings.ts'
import { shown } from '../shown-text.ts'
import { defineUserCommand, type UserContext } from '../user-command.ts'

const options = {
  server: connectionOptions.server,
  profile: {
    type: 'string',
    value: 'NAME',
    meaning: 'Name to save the login under. Otherwise KEYSTEAD_PROFILE, or "default".',
  },
  device: {
    type: 'boolean',
    meaning: 'For a machine without a browser: shows an address and a code to type in on another one.',
  },
  open: { type: 'boolean', meaning: 'Opens the address in the browser.' },
  port: {
    type: 'string',
    value: 'PORT',
    meaning:
      'Port of 127.0.0.1 that the browser is sent back to, for providers that compare it. Any if not given.',
  },
  issuer: {
    type: 'string',
    value: 'URL',
    meaning: 'The OpenID provider. Otherwise the one that the server names.',
  },
  'client-id': {
    type: 'string',
    value: 'ID',
    meaning: 'The public client for command lines there. Otherwise the one that the server names.',
  },
  scopes: { type: 'string', value: 'SCOPES', meaning: 'Scopes to ask for, with spaces between them.' },
  parameter: {
    type: 'string',
    value: 'NAME=VALUE',
    many: true,
    meaning: 'A parameter that the provider needs, such as resource= or audience=. May be repeated.',
  },
  'id-token': {
    type: 'boolean',
    meaning: 'Sends the ID token to the server, where access tokens are opaque.',
  },
  persona: {
    type: 'string',
    value: 'NAME',
    meaning: 'For a server in development mode: who to be. "admin" if not given.',
  },
} as const

type LoginContext = UserContext<Values<typeof options>>

/** `keystead login`. */
export const login = defineUserCommand({
  path: ['login'],
  summary: 'Signs in at the identity provider of a server, and saves the login.',
  help: `
Shows an address. Open it in a browser on this machine and sign in; the browser is sent back to this program, on a port
of 127.0.0.1. With --device, open it on any machine and type in the code.

The login is saved in ~/.config/keystead (or $XDG_CONFIG_HOME/keystead), in a file that only you can read, and is
renewed as long as the provider allows. Its token is sent to this server only. keystead logout deletes it.

The server names the provider if it serves the web console and CLI_OIDC_CLIENT_ID is set there. Otherwise give --issuer
and --client-id. A server in development mode needs neither.

Examples:
  keystead login --server https://keystead.example.com
  keystead login --server https://keystead.example.com --device --profile build-host
  keystead login --server http://127.0.0.1:4600 --persona member`,
  options,
  async carryOut(context) {
    const logins = loginsOf(context)
    const previous = await logins.read().catch(() => null)
    const server = namedServer(context) ?? previous?.server
    if (server === undefined) throw missingServer()
    requireTls(server)
    const saved = await signIn(server, context)
    const name = await askWhoItIs(saved, context).catch(async (error: unknown) => {
      // Nobody could use it, and it must not stay valid.
      await revoke(saved, context)
      throw error
    })
    // Not while another command renews the previous login: it would write that one again.
    await logins.alone(() => logins.write(saved), context.signal)
    await context.progress(`Signed in to ${server} as ${name}.`)
    if (!isRenewable(saved)) {
      await context.progress('The provider gave no refresh token: the login ends with its first token.')
    }
    return exitCodes.fine
  },
})

async function signIn(server: string, context: LoginContext): Promise<SavedLogin> {
  const { options, signal } = context
  const needsServer = options.issuer === undefined || options['client-id'] === undefined
  const told = needsServer ? await readServerLogin(server, signal) : null
  if (told?.mode === 'development' && options.issuer === undefined) {
    const persona = options.persona ?? 'admin'
    if (!told.personas.includes(persona)) {
      throw new UsageError(`--persona must be one of ${told.personas.map(shown).join(', ')}.`)
    }
    const source = { kind: 'development', persona } as const
    return { server, source, ...(await fetchDevelopmentToken(server, persona, signal)) }
  }
  if (options.persona !== undefined) throw new CommandError(`${server} is not in development mode.`)
  const request = requestOf(server, told, context)
  await context.progress(requestText(request))
  const grant = options.device
    ? await logInWithDevice(request, {
        signal,
        showAddress: (...shownThings) => show(context, ...shownThings),
      })
    : await logInWithBrowser(request, {
        signal,
        port: portOf(options.port),
        showAddress: (...shownThings) => show(context, ...shownThings),
      })
  return { server, ...grant }
}

/** Says what is asked for: the server may have chosen all of it. */
function requestText({ issuer, clientId, scopes, parameters, tokenKind }: LoginRequest): string {
  const quoted = parameters.map((pair) => shown(JSON.stringify(pair.join('='))))
  const rest = [
    `the scopes ${shown(JSON.stringify(scopes))}`,
    quoted.length === 0 ? 'no parameters' : `the parameters ${quoted.join(', ')}`,
    ...(tokenKind === 'id_token' ? ['the ID token as token'] : []),
  ]
  return `Signing in at ${shown(issuer)} as the client ${shown(clientId)}, with ${rest.join(', ')}.`
}

function requestOf(server: string, told: ServerLogin | null, { options }: LoginContext): LoginRequest {
  const known = told?.mode === 'oidc' ? told : null
  const issuer = options.issuer ?? known?.issuer
  if (issuer === undefined) {
    throw new CommandError(`${server} names no identity provider. Give --issuer URL and --client-id ID.`)
  }
  // What a server says of another provider is not for this one.
  const fitting = known?.issuer === issuer ? known : null
  const clientId = options['client-id'] ?? fitting?.clientId
  if (clientId === undefined || clientId === null) {
    throw new CommandError(
      `${server} names no client for command lines at ${shown(issuer)}. Give --client-id ID, or let its operator set CLI_OIDC_CLIENT_ID.`,
    )
  }
  return {
    issuer,
    clientId,
    scopes: options.scopes ?? fitting?.scopes ?? 'openid profile offline_access',
    parameters: [...(fitting?.parameters ?? []), ...options.parameter.map(parameterOf)],
    tokenKind: options['id-token'] ? 'id_token' : (fitting?.tokenKind ?? 'access_token'),
  }
}

function parameterOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--parameter must be NAME=VALUE, got ${JSON.stringify(text)}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 0
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new UsageError('--port must be a number from 1 to 65535.')
}

async function show(
  { options, progress, terminal }: LoginContext,
  address: string,
  code: string | null,
): Promise<void> {
  const where = code === null ? 'in a browser on this machine' : 'in a browser'
  await progress(`Open this address ${where}:\n\n  ${shown(address)}\n`)
  if (code !== null) await progress(`and compare or type in the code: ${shown(code)}\n`)
  if (!options.open) return
  await terminal
    .openBrowser(address)
    .catch(() => progress('The browser cannot be opened. Open the address yourself.'))
}

/** Asks the server, so that a token that it does not accept is not saved. */
async function askWhoItIs({ server: url, token }: SavedLogin, { signal }: LoginContext): Promise<string> {
  const client = createClient({ url, token })
  const { subject, displayName, projectId } = await client.viewer(undefined, { signal })
  const name = displayName === null ? subject.id : `${displayName} (${subject.id})`
  return `${shown(name)} in project ${shown(projectId)}`
}

async function revoke({ source }: SavedLogin, { signal }: LoginContext): Promise<void> {
  if (source.kind === 'oidc') await revokeGrant(source, signal).catch(() => false)
}

function isRenewable({ source }: SavedLogin): boolean {
  return source.kind === 'development' || source.refreshToken !== null
}

/** `keystead logout`. */
export const logout = defineUserCommand({
  path: ['logout'],
  summary: 'Deletes the saved login, and revokes it at the identity provider.',
  help: `
The access token stays valid until it expires. The session of your browser at the provider stays, too: sign out there on
a machine that others use.

Exit code 1 if the provider could not be told. The login is deleted nevertheless.`,
  options: { profile: connectionOptions.profile },
  async carryOut(context) {
    const logins = loginsOf({ ...context, options: { server: undefined, ...context.options } })
    // Not while another command renews the login: it would write it again, with a token that is not revoked.
    const { login, isRemoved } = await logins.alone(() => takeAway(logins), context.signal)
    if (!isRemoved) await context.progress('There is no login.')
    if (login === null) return exitCodes.fine
    const { source, server } = login
    if (source.kind === 'development' || source.refreshToken === null) {
      await context.progress(`Signed out of ${server}.`)
      return exitCodes.fine
    }
    const isRevoked = await revokeGrant(source, context.signal).catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error
      throw new CommandError(`The login is deleted here, but was not revoked: ${error.message}`)
    })
    const rest = isRevoked ? '' : ` ${shown(source.issuer)} offers no revocation.`
    await context.progress(`Signed out of ${server}.${rest}`)
    return exitCodes.fine
  },
})

/** Deletes a login and returns it. A file that cannot be used is deleted, too. */
async function takeAway(logins: SavedLogins): Promise<{ login: SavedLogin | null; isRemoved: boolean }> {
  let login: SavedLogin | null = null
  let isRemoved = false
  try {
    login = await logins.read()
  } finally {
    isRemoved = await logins.remove()
  }
  return { login, isRemoved }
}
