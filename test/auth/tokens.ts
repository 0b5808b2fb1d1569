import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTVerifyGetKey,
  SignJWT,
} from 'jose'
import { mainIssuerRules, type TrustedIssuer } from '../../src/auth/trusted-issuer.ts'
import { type Config, readConfig } from '../../src/config.ts'

/** The issuer that the tests configure. */
export const issuer = 'https://issuer.test'

/** When the tests take place: 2026-01-01T00:00:00Z. */
export const startSeconds = 1_767_225_600

/** A clock that moves only when told to. */
export function createFakeClock(): { now(): Date; advanceSeconds(seconds: number): void } {
  let nowMs = startSeconds * 1000
  return {
    now: () => new Date(nowMs),
    advanceSeconds(seconds) {
      nowMs += seconds * 1000
    },
  }
}

/** A configuration with an issuer. */
export function configWith(environment: Readonly<Record<string, string>> = {}): Config {
  return readConfig({ AUTH_ISSUER: issuer, AUTH_JWKS_FILE: 'keys.json', ...environment })
}

/** The issuer of a configuration without others, with these keys. */
export function issuerWith(keySource: JWTVerifyGetKey, config: Config = configWith()): TrustedIssuer {
  return { ...mainIssuerRules(issuer, config), keySource }
}

/** Claims of a good token; `undefined` takes one out. */
export function claimsWith(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    iss: issuer,
    aud: 'keystead',
    sub: 'alice',
    client_id: 'client',
    jti: 'token-1',
    iat: startSeconds,
    exp: startSeconds + 600,
    project: 'shop',
    roles: ['PROJECT_MEMBER'],
    ...changes,
  }
}

/** An issuer's key: its public half, and tokens signed with its private one. */
export interface Signer {
  readonly jwk: JWK
  sign(claims?: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>
}

/** Makes a key. */
export async function createSigner(alg = 'EdDSA', kid: string | null = 'key-1'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  return {
    jwk: { ...(await exportJWK(publicKey)), ...(kid !== null && { kid }) },
    sign: (claims = claimsWith(), header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg, typ: 'at+jwt', ...(kid !== null && { kid }), ...header })
        .sign(privateKey, { crit: { 'urn:test:extension': true } }),
  }
}

/** A token put together by hand, for what no honest library signs. */
export function tokenOf(header: object, claims: object, signature: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}
