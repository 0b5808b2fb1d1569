import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** Whoever makes the tokens that a server of the benchmark takes. */
export interface BenchIssuer {
  /** What the server has to know of it. */
  readonly settings: Readonly<Record<string, string>>
  /** A token of an admin, named as `subject@project`, valid for an hour; always the same one. */
  tokenOf(admin: string): Promise<string>
  /** A new token of an admin each time. */
  freshTokenOf(admin: string): Promise<string>
}

const issuerName = 'https://issuer.bench'

/** Makes an issuer with a key of its own, whose public half is in a file of the folder. */
export async function createBenchIssuer(folder: string): Promise<BenchIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  const jwksFile = join(folder, 'jwks.json')
  writeFileSync(jwksFile, JSON.stringify({ keys: [await exportJWK(publicKey)] }))
  const tokens = new Map<string, Promise<string>>()
  const sign = (admin: string) => {
    const [subject = '', project = ''] = admin.split('@')
    const claims = { client_id: 'bench', jti: randomUUID(), project, roles: ['PROJECT_ADMIN', 'KMS_USER'] }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
      .setIssuer(issuerName)
      .setAudience('keystead')
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey)
  }
  return {
    settings: { AUTH_ISSUER: issuerName, AUTH_JWKS_FILE: jwksFile },
    tokenOf(admin) {
      const token = tokens.get(admin) ?? sign(admin)
      tokens.set(admin, token)
      return token
    },
    freshTokenOf: sign,
  }
}
