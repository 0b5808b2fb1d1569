import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startReload } from '../../src/reload.ts'
import { type Listener, openListener, type TlsPair } from '../../src/server/http/listener.ts'
import { CertificateError, readTlsFiles } from '../../src/tls-files.ts'
import { makeCertificate } from '../support/certificate.ts'
import { failureOf } from '../support/failures.ts'

let folder: string
const at = (name: string) => join(folder, name)
const warn = () => {}
const files = (name: string, keyName = name) => ({
  TLS_CERT_FILE: at(`${name}.crt`),
  TLS_KEY_FILE: at(`${keyName}.key`),
})

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keystead-tls-'))
  for (const name of ['one', 'two']) {
    makeCertificate({ key: at(`${name}.key`), certificate: at(`${name}.crt`) }, 'DNS:localhost,IP:127.0.0.1')
    chmodSync(at(`${name}.key`), 0o600)
  }
  writeFileSync(at('text.crt'), 'no certificate')
  writeFileSync(at('text.key'), 'no key', { mode: 0o600 })
})
afterAll(() => rmSync(folder, { recursive: true }))

async function readPair(name: string) {
  const pair = await readTlsFiles(files(name), { warn })
  if (pair === null) throw new TypeError('there are files')
  return pair
}

describe('the files of a certificate', () => {
  it('give the time until which it is valid', async () => {
    const { expiresAt } = await readPair('one')
    expect(expiresAt.getTime()).toBeGreaterThan(Date.now() + 86_400_000)
    expect(await readTlsFiles({ TLS_CERT_FILE: null, TLS_KEY_FILE: null }, { warn })).toBeNull()
  })

  it.each([
    ['belong to two pairs', 'one', 'two', /do not belong together/],
    ['hold no certificate', 'text', 'one', /text\.crt \(TLS_CERT_FILE\) holds no certificate in PEM/],
    ['hold no key', 'one', 'text', /text\.key \(TLS_KEY_FILE\) holds no private key in PEM/],
    ['are not there', 'none', 'one', /none\.crt \(TLS_CERT_FILE\) cannot be read \(ENOENT\)/],
    [
      'lack the key',
      'one',
      'none',
      /private key file \(TLS_KEY_FILE\) .*none\.key cannot be read \(ENOENT\)/,
    ],
  ])('that %s are refused with what is wrong', async (_case, certificate, key, message) => {
    const error = await failureOf(readTlsFiles(files(certificate, key), { warn }))
    expect(error).toBeInstanceOf(CertificateError)
    expect((error as Error).message).toMatch(message)
  })

  it.each([
    [3, /expired at \d{4}-.+Z\. Renew it/],
    [-3, /is valid from \d{4}-.+Z on\. Check the clock/],
  ])('are refused in %i days', async (days, message) => {
    const now = () => new Date(Date.now() + days * 86_400_000)
    const error = await failureOf(readTlsFiles(files('one'), { warn, now }))
    expect(error).toBeInstanceOf(CertificateError)
    expect((error as Error).message).toMatch(message)
  })
})

describe('a listener with a certificate', () => {
  it('speaks TLS 1.2 or newer, and HTTP/1.1 only', async () => {
    const listener = await open('one')
    expect(await ask(listener)).toBe('hello')
    expect(listener.url).toMatch(/^https:/)
    const offered = connect({ ...addressOf(listener), ca: caOf('one'), ALPNProtocols: ['h2', 'http/1.1'] })
    await once(offered, 'secureConnect')
    expect([offered.alpnProtocol, offered.getProtocol()]).toEqual(['http/1.1', 'TLSv1.3'])
    offered.destroy()
    const old = connect({
      ...addressOf(listener),
      ca: caOf('one'),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    })
    expect((await once(old, 'error'))[0]).toBeInstanceOf(Error)
  })

  it('closes connections that do not finish the handshake in time, and counts them', async () => {
    let full = 0
    const listener = await open('one', { handshakeTimeoutMs: 300, connectionsMax: 2, onFull: () => full++ })
    const silent = [0, 1, 2].map(() => connectPlain(addressOf(listener)))
    await Promise.all(silent.map((socket) => once(socket, 'close')))
    expect(full).toBe(1)
    expect(await ask(listener)).toBe('hello')
  })

  it('survives plain HTTP, and says nothing to it', async () => {
    const listener = await open('one')
    const socket = connectPlain(addressOf(listener))
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await text(socket)).not.toContain('HTTP/1.1')
    expect(await ask(listener)).toBe('hello')
  })

  it('answers headers that are too large, and a request that is sent while it closes', async () => {
    const listener = await open('one')
    const socket = connect({ ...addressOf(listener), ca: caOf('one') })
    await once(socket, 'secureConnect')
    const closed = listener.close()
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toContain('200 OK')
    await closed
    const second = await open('one')
    const large = connect({ ...addressOf(second), ca: caOf('one') })
    large.write(`GET / HTTP/1.1\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`)
    expect(await text(large)).toContain('HTTP/1.1 431')
  })

  it('uses a new certificate for new connections, and keeps the old ones', async () => {
    const listener = await open('one')
    const before = connect({ ...addressOf(listener), ca: caOf('one') })
    await once(before, 'secureConnect')
    listener.useCertificate(await readPair('two'))
    expect(await ask(listener, 'two')).toBe('hello')
    await expect(ask(listener, 'one')).rejects.toThrow()
    before.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(String((await once(before, 'data'))[0])).toContain('200 OK')
    before.destroy()
  })
})

describe('a reload', () => {
  it('takes over a changed pair, and keeps the former one where the new one cannot be used', async () => {
    for (const kind of ['crt', 'key']) copyFileSync(at(`one.${kind}`), at(`used.${kind}`))
    const listener = await open('used')
    const logged: string[] = []
    const certificates: Date[] = []
    const log = (level: string) => (facts: object, text: string) =>
      void logged.push(`${level} ${'alert' in facts ? facts.alert : ''} ${text}`)
    const rootKeys = { reload: async () => {} }
    const reload = startReload({
      config: files('used') as Parameters<typeof startReload>[0]['config'],
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      listener,
      pair: await readPair('used'),
      rootKeys,
      onCertificate: (expiresAt) => void certificates.push(expiresAt),
    })
    onTestFinished(reload.close)

    // The certificate alone, as between the two writes of a renewal.
    copyFileSync(at('two.crt'), at('used.crt'))
    await reload.now()
    expect(logged.join('\n')).toMatch(
      /^error CERTIFICATE The certificate could not be replaced, and the former one stays in use: .+ do not belong together/m,
    )
    expect(await ask(listener, 'one')).toBe('hello')
    expect(certificates).toEqual([])

    copyFileSync(at('two.key'), at('used.key'))
    await reload.now()
    expect(logged).toContain('info  the root keys were read again')
    expect(logged).toContain('info  a new certificate is used')
    expect(await ask(listener, 'two')).toBe('hello')
    expect(certificates).toHaveLength(1)
  })

  it('reads the files once at a time, and once more on request', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const [one, two] = [await readPair('one'), await readPair('two')]
    const reads: PromiseWithResolvers<TlsPair>[] = []
    const used: TlsPair[] = []
    const reload = startReload({
      config: files('one') as Parameters<typeof startReload>[0]['config'],
      log: { info() {}, warn() {}, error() {} },
      listener: { useCertificate: (pair) => void used.push(pair) },
      pair: one,
      rootKeys: { reload: async () => {} },
      readFiles() {
        const read = Promise.withResolvers<TlsPair>()
        reads.push(read)
        return read.promise
      },
    })
    onTestFinished(reload.close)
    vi.advanceTimersByTime(60_000)
    expect(reads).toHaveLength(1)
    const asked = reload.now()
    vi.advanceTimersByTime(60_000)
    expect(reads).toHaveLength(1)
    reads[0]?.resolve(one)
    await vi.waitFor(() => expect(reads).toHaveLength(2), 5000)
    reads[1]?.resolve(two)
    await asked
    expect(used).toEqual([two])
    vi.advanceTimersByTime(10_000)
    expect(reads).toHaveLength(3)
  })
})

async function open(name: string, options: Partial<Parameters<typeof openListener>[1]> = {}) {
  const listener = await openListener(
    { HOST: '127.0.0.1', PORT: 0, REQUEST_TIMEOUT_MS: 60_000 },
    {
      handler: (_request, response) => void response.end('hello'),
      connectionsMax: 100,
      tls: await readPair(name),
      ...options,
    },
  )
  onTestFinished(() => listener.cut())
  return listener
}

const addressOf = ({ url }: Listener) => ({ host: '127.0.0.1', port: Number(new URL(url).port) })
const caOf = (name: string) => readFileSync(at(`${name}.crt`))

async function ask(listener: Listener, ca = 'one'): Promise<string> {
  const asked = request({ ...addressOf(listener), ca: caOf(ca), agent: false })
  asked.end()
  const [response] = await once(asked, 'response')
  return text(response)
}
