import { CommandError } from '../command-line/command.ts'
import { systemTroubleOf } from '../system-errors.ts'
import type { LoginRequest } from './identity-provider.ts'

/** How a server lets people in, as far as it tells without a token. */
export type ServerLogin =
  | { readonly mode: 'development'; readonly personas: readonly string[] }
  | ({ readonly mode: 'oidc' } & Omit<LoginRequest, 'clientId'> & { readonly clientId: string | null })

type Fields = Readonly<Record<string, unknown>>

const timeoutMs = 10_000
const textLengthMax = 100_000

/** Reads how a server lets people in; null if it does not tell. */
export async function readServerLogin(server: string, signal: AbortSignal): Promise<ServerLogin | null> {
  const settings = await fetchFromServer(server, '/console/settings.json', signal)
  if (settings === null) return null
  const { mode, personas, issuer, commandLineClientId: clientId, scopes, parameters, token } = settings
  if (mode === 'development' && isTexts(personas)) return { mode, personas }
  const isUsable =
    mode === 'oidc' &&
    isTexts([issuer, scopes]) &&
    (token === 'access_token' || token === 'id_token') &&
    Array.isArray(parameters) &&
    parameters.every((pair) => isTexts(pair) && pair.length === 2)
  if (!isUsable) return null
  return {
    mode: 'oidc',
    issuer: String(issuer),
    clientId: typeof clientId === 'string' ? clientId : null,
    scopes: String(scopes),
    parameters: parameters as readonly (readonly [string, string])[],
    tokenKind: token,
  }
}

/** Gets a JSON object from a path of a server, without a token; null if it has no such path. */
export async function fetchFromServer(
  server: string,
  path: string,
  signal: AbortSignal,
): Promise<Fields | null> {
  let response: Response
  let text: string
  try {
    response = await fetch(`${server}${path}`, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    text = await response.text()
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const trouble = systemTroubleOf(error)
    throw new CommandError(
      `${server} does not answer${trouble === null ? '. Check the address and the network.' : ` (${trouble.code}). ${trouble.text}`}`,
    )
  }
  if (response.status === 404) return null
  const content = response.ok && text.length <= textLengthMax ? parse(text) : null
  if (content !== null) return content
  throw new CommandError(
    `${server} answers with status ${response.status} and something that is not from Keystead. Check the address.`,
  )
}

function parse(text: string): Fields | null {
  try {
    const content: unknown = JSON.parse(text)
    return typeof content === 'object' && content !== null ? (content as Fields) : null
  } catch {
    return null
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
