/** Settings of the console with a login. */
export interface OidcSettings {
  readonly mode: 'oidc'
  /** Origin of the console. */
  readonly url: string
  readonly callbackPath: string
  readonly issuer: string
  readonly clientId: string
  readonly scopes: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly token: 'access_token' | 'id_token'
  readonly exchange: 'server' | 'browser'
}

/** Settings of the console in development mode. */
export interface DevelopmentSettings {
  readonly mode: 'development'
  readonly personas: readonly string[]
}

/** Reads how this server lets people in. */
export async function readSettings(): Promise<OidcSettings | DevelopmentSettings> {
  const answer = await fetch('/console/settings.json')
  if (answer.ok) return (await answer.json()) as OidcSettings | DevelopmentSettings
  throw new Error('The server does not tell the settings of the console. Reload the page.')
}
