import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { FetchTrouble } from '../../src/auth/fetch-trouble.ts'
import { createUrlKeySource } from '../../src/auth/jwks-url.ts'
import { makeCertificate } from '../support/certificate.ts'
import { startJwksServer } from './jwks-server.ts'
import { claimsWith, createSigner } from './tokens.ts'

/** Asks for keys once, and gives what is told of the failure. */
async function troubleAt(url: string): Promise<readonly FetchTrouble[]> {
  const troubles: FetchTrouble[] = []
  const keys = createUrlKeySource(url, {
    lifetimeMs: 600_000,
    outageMs: 600_000,
    onFailure: (trouble) => void troubles.push(trouble),
  })
  const signer = await createSigner('EdDSA', 'first')
  await jwtVerify(await signer.sign(claimsWith({})), keys).catch(() => {})
  return troubles
}

async function answeringWith(answer: (response: ServerResponse) => void): Promise<string> {
  const server = await startJwksServer([])
  onTestFinished(() => server.close())
  server.answerWith(answer)
  return server.url
}

async function closedPort(): Promise<string> {
  const server = await startJwksServer([])
  await server.close()
  return server.url
}

/** An issuer whose certificate no public authority has signed. */
async function privateAuthority(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-ca-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  makeCertificate({ key, certificate: cert }, 'DNS:localhost')
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
    response.end('{"keys":[]}'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `https://localhost:${(server.address() as AddressInfo).port}/keys`
}

const html = '<!DOCTYPE html><title>Sign in</title>'
const cases: readonly [string, () => Promise<string>, string, RegExp][] = [
  ['a private authority', privateAuthority, 'DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/],
  [
    'an error of the issuer',
    () => answeringWith((response) => response.writeHead(500).end('stack trace')),
    'HTTP_500',
    /status 500/,
  ],
  [
    'a redirect',
    () => answeringWith((response) => response.writeHead(302, { location: '/login?secret=1' }).end()),
    'HTTP_302',
    /redirect \(302\), which is not followed/,
  ],
  ['a page', () => answeringWith((response) => response.writeHead(200).end(html)), 'NO_KEY_SET', /jwks_uri/],
  [
    'something else in JSON',
    () => answeringWith((response) => response.writeHead(200).end('{"error":"x"}')),
    'NO_KEY_SET',
    /no JWK Set/,
  ],
  [
    'an answer that is too large',
    () => answeringWith((response) => response.writeHead(200).end(Buffer.alloc(2_000_000, ' '))),
    'TOO_LARGE',
    /1048576 bytes/,
  ],
  ['nobody at the port', closedPort, 'ECONNREFUSED', /Check the address/],
  [
    'a connection that breaks',
    () => answeringWith((response) => response.destroy()),
    'UND_ERR_SOCKET',
    /broken/,
  ],
  ['a name that does not resolve', async () => 'https://keys.invalid/keys', 'ENOTFOUND|EAI_AGAIN', /DNS/],
]

describe('a fetch of keys that fails', () => {
  it.each(cases)('because of %s is told with a code and what to do', async (_what, urlOf, code, advice) => {
    const url = await urlOf()
    const troubles = await troubleAt(`${url}?api_key=geheim#geheim`)
    // The address as an operator knows it, without what may be secret in it.
    expect(troubles).toEqual([
      { url, code: expect.stringMatching(new RegExp(`^(${code})$`)), text: expect.stringMatching(advice) },
    ])
    expect(JSON.stringify(troubles)).not.toMatch(/geheim|secret|stack trace|Sign in/)
  })
})
