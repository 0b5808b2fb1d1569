import { createLoginProvider, type LoginProvider, type LoginProviderOptions } from './auth/console-login.ts'
import { discoveryUrlsOf } from './auth/discovery.ts'
import type { KeyLocation } from './auth/key-lookup.ts'
import type { TrustedIssuer } from './auth/trusted-issuer.ts'
import { type Config, ConfigError, consoleModeOf } from './config.ts'
import { readSecretFile } from './secret-file.ts'
import { callbackPath } from './server/http/console-session.ts'

/** Receivers of what goes wrong. */
interface LoginObserver extends Pick<LoginProviderOptions, 'onFailure' | 'renewals'> {
  readonly warn: (text: string) => void
}

/**
 * Opens the provider that people log in to the console at; null if the server has no part in their login. A mistake in the
 * settings that would show at the first login only is refused at start.
 *
 * @throws ConfigError, or SecretFileError
 */
export async function openLogin(
  config: Config,
  issuers: readonly (TrustedIssuer & KeyLocation)[],
  { onFailure, warn, renewals }: LoginObserver,
): Promise<LoginProvider | null> {
  const { CONSOLE_OIDC_ISSUER: issuer, CONSOLE_OIDC_CLIENT_ID: clientId, CONSOLE_URL: url } = config
  if (consoleModeOf(config) !== 'oidc' || issuer === null || clientId === null || url === null) return null
  const entry = entryOf(issuer, config, issuers)
  if (config.CONSOLE_OIDC_EXCHANGE === 'browser') return null
  const secretFile = config.CONSOLE_OIDC_CLIENT_SECRET_FILE
  const what = 'client secret file (CONSOLE_OIDC_CLIENT_SECRET_FILE)'
  const provider = createLoginProvider(
    {
      issuer,
      discoveryUrls: entry.discoveryUrls ?? discoveryUrlsOf(issuer),
      caFile: entry.caFile,
      clientId,
      clientSecret:
        secretFile === null
          ? config.CONSOLE_OIDC_CLIENT_SECRET
          : (await readSecretFile(secretFile, { what, warn })).trim(),
      redirectUri: `${url}${callbackPath}`,
      parameters: config.CONSOLE_OIDC_PARAMETERS,
      token: config.CONSOLE_OIDC_TOKEN,
    },
    {
      lifetimeMs: config.AUTH_JWKS_CACHE_MINUTES * 60_000,
      clockToleranceSeconds: config.AUTH_CLOCK_TOLERANCE_SECONDS,
      onFailure,
      ...(renewals && { renewals }),
    },
  )
  // In the background, so that a mistake is in the log before the first login.
  void provider.pages().catch(() => undefined)
  return provider
}

/** The entry that accepts the tokens of the login. */
function entryOf(
  issuer: string,
  { CONSOLE_OIDC_TOKEN: token }: Config,
  issuers: readonly (TrustedIssuer & KeyLocation)[],
): TrustedIssuer & KeyLocation {
  const entries = issuers.filter((each) => each.issuer === issuer)
  if (entries.length === 0) {
    const known = issuers.flatMap((each) => each.issuer ?? [])
    throw new ConfigError([
      `CONSOLE_OIDC_ISSUER must be an issuer whose tokens are accepted, character by character: ${known.join(', ')}`,
    ])
  }
  const entry = entries.find(({ acceptsIdTokens }) => token === 'access_token' || acceptsIdTokens)
  if (entry !== undefined) return entry
  const names = entries.map(({ name }) => `"${name}"`).join(', ')
  throw new ConfigError([
    `CONSOLE_OIDC_TOKEN=id_token needs an entry that accepts ID tokens: set "tokens": "id" in ${names} of AUTH_ISSUERS_FILE`,
  ])
}
