import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type App, type AppOptions, createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'

/** A server of the benchmark's own, and how to ask it. */
export interface BenchServer {
  /** Sends one request as a project admin, named as `subject@project`; the text of the answer. */
  ask(admin: string, document: string, variables: object): Promise<string>
  readonly url: string
  readonly housekeeping: App['housekeeping']
  /** A token of an admin, valid for an hour. */
  tokenOf(admin: string): Promise<string>
  close(): Promise<void>
}

/** Starts a server on a new database: embedded, or the empty one at DATABASE_URL. */
export async function startBenchServer(
  settings: Record<string, string> = {},
  options: AppOptions = {},
): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-'))
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  const jwksFile = join(folder, 'jwks.json')
  writeFileSync(jwksFile, JSON.stringify({ keys: [await exportJWK(publicKey)] }))
  const app = await createApp(
    readConfig({
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATA_FOLDER: folder,
      DATABASE_URL: process.env['DATABASE_URL'],
      AUTH_ISSUER: 'https://issuer.bench',
      AUTH_JWKS_FILE: jwksFile,
      HOUSEKEEPING_INTERVAL_SECONDS: '3600',
      ...settings,
    }),
    options,
  )
  const tokens = new Map<string, Promise<string>>()
  const sign = (admin: string) => {
    const [subject = '', project = ''] = admin.split('@')
    const claims = { client_id: 'bench', jti: randomUUID(), project, roles: ['PROJECT_ADMIN', 'KMS_USER'] }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
      .setIssuer('https://issuer.bench')
      .setAudience('keystead')
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey)
  }
  const tokenOf = (admin: string) => {
    const token = tokens.get(admin) ?? sign(admin)
    tokens.set(admin, token)
    return token
  }
  return {
    url: app.url,
    housekeeping: app.housekeeping,
    tokenOf,
    async ask(admin, query, variables) {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await tokenOf(admin)}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      return response.text()
    },
    async close() {
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
