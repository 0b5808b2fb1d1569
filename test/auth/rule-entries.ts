import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.ts'
import { type TokenRefusal, UnauthenticatedError } from '../../src/auth/errors.ts'
import { createTrustedIssuers } from '../../src/auth/jwks.ts'
import type { Clock } from '../../src/clock.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Authenticator, Caller } from '../../src/keys/rules/caller.ts'
import { createFakeClock, createSigner, issuer, type Signer, startSeconds } from './tokens.ts'

/** A folder that is removed after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-tokens-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Writes an issuers file with these entries, and gives a configuration that names it. */
export function configOf(entries: readonly unknown[], environment: Record<string, string> = {}): Config {
  const file = join(newFolder(), 'issuers.json')
  writeFileSync(file, JSON.stringify({ version: 2, issuers: entries }))
  return readConfig({ AUTH_ISSUERS_FILE: file, ...environment })
}

/** An authenticator for these entries, or why the file is refused. */
export function authenticatorOf(
  entries: readonly unknown[],
  {
    clock = createFakeClock(),
    environment = {},
  }: { clock?: Clock; environment?: Record<string, string> } = {},
): Authenticator {
  const config = configOf(entries, environment)
  return createAuthenticator({ config, clock, issuers: createTrustedIssuers(config) })
}

/** A signer, and the file with its public key. */
export async function signerWithFile(
  alg = 'EdDSA',
  kid = 'key-1',
): Promise<{ signer: Signer; jwksFile: string }> {
  const signer = await createSigner(alg, kid)
  const jwksFile = join(newFolder(), 'keys.json')
  writeFileSync(jwksFile, JSON.stringify({ keys: [signer.jwk] }))
  return { signer, jwksFile }
}

/** The caller of a token, or why it is refused. Fails for any other error. */
export async function outcomeOf(
  authenticator: Authenticator,
  token: string,
): Promise<Caller | (TokenRefusal & { message: string })> {
  try {
    return await authenticator.authenticate(`Bearer ${token}`)
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error
    return { ...error.refusal, message: error.message }
  }
}

/** Claims of a token without any name of Keystead's. */
export function foreignClaims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    iss: issuer,
    aud: 'keystead',
    sub: 'alice',
    iat: startSeconds,
    exp: startSeconds + 600,
    tenant: 'shop',
    ...changes,
  }
}

/** The shortest useful rule. */
export const plainRule = { project: { claim: 'tenant' }, subject: { claim: 'sub' }, kind: 'USER' }
