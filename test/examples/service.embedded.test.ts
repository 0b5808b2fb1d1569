import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connect } from '../../examples/connect.ts'
import { KeysteadError, KeysteadUnreachableError } from '../../examples/keystead-client.ts'
import { createDataKeys } from '../../examples/service/data-keys.ts'
import { createRecordVault, RecordError } from '../../examples/service/record-vault.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

const content = Buffer.from('4111 1111 1111 1111')
const patient = { attemptsMax: 14, firstDelayMs: 10 }
const impatient = { attemptsMax: 2, firstDelayMs: 1 }

let folder: string
let server: ServerProcess
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keystead-service-'))
  server = await startServer('0')
})
afterAll(async () => {
  await server?.stop('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

const startServer = (port: string) =>
  startServerProcess({ DATA_FOLDER: join(folder, 'data'), PORT: port, LOG_LEVEL: 'error' })

const connectTo = (url: string) => connect({ url, token: null, signal: new AbortController().signal })

async function createKey(name: string): Promise<string> {
  const { client } = await connectTo(server.url)
  return (await client.createUserKey({ name, description: '' })).id
}

/** A vault as a service has it that has just been started. */
async function openVault(keyId: string, options: { url?: string; retry?: typeof patient } = {}) {
  const { client } = await connectTo(server.url)
  // Tokens come from the server itself, also where requests go another way.
  const other = options.url === undefined ? client : (await connectTo(options.url)).client
  return createRecordVault(
    createDataKeys({
      client: other,
      keyId,
      recordsPerKey: 3,
      lifetimeMs: 60_000,
      retry: options.retry ?? patient,
    }),
  )
}

/** How often an operation was done with a key, as the audit trail has it. */
async function countEvents(keyId: string, action: 'GENERATE_DATA_KEY' | 'DECRYPT'): Promise<number> {
  const { token } = (await (await fetch(`${server.url}/dev/tokens/admin`)).json()) as { token: string }
  const query = `{ auditEvents(filter: { key: "${keyId}", action: [${action}], outcome: [SUCCEEDED] }) { totalCount } }`
  const answer = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { data } = (await answer.json()) as { data: { auditEvents: { totalCount: number } } }
  return data.auditEvents.totalCount
}

/** Passes requests on to the server, but says `UNAVAILABLE` to the first ones; all are counted. */
async function startUnavailableFront(unavailableCount: number) {
  let requests = 0
  const front = createServer(async (request, response) => {
    const pieces = await Array.fromAsync(request)
    const headers = { 'content-type': 'application/json' }
    if (request.method === 'POST' && ++requests <= unavailableCount) {
      const errors = [{ message: 'Try again.', extensions: { code: 'UNAVAILABLE' } }]
      return void response.writeHead(503, headers).end(JSON.stringify({ errors }))
    }
    const answer = await fetch(`${server.url}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { ...headers, authorization: request.headers.authorization ?? '' },
      ...(request.method === 'POST' && { body: Buffer.concat(pieces) }),
    })
    response.writeHead(answer.status, headers).end(await answer.text())
  })
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  onTestFinished(() => void front.close())
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    requestCount: () => requests,
  }
}

describe('the record vault of examples/service', () => {
  it('asks for one data key for each 3 records, also when they come at once', async () => {
    const keyId = await createKey('counted')
    const vault = await openVault(keyId)
    const sealed = await Promise.all(Array.from({ length: 7 }, (_, n) => vault.seal(`r${n}`, content)))
    expect(await countEvents(keyId, 'GENERATE_DATA_KEY')).toBe(3)
    expect(new Set(sealed.map((record) => record.toString('hex'))).size).toBe(7)
    for (const record of sealed) expect(record.includes(content)).toBe(false)
  })

  it('opens records after a start with the wrapped key that is in them, each data key once', async () => {
    const keyId = await createKey('reopened')
    const sealed = await (await openVault(keyId)).seal('a', content)
    const later = await openVault(keyId)
    const opened = await Promise.all([1, 2, 3].map(() => later.open('a', sealed)))
    expect(opened).toEqual([content, content, content])
    expect(await countEvents(keyId, 'DECRYPT')).toBe(1)
  })

  it('opens old records after a rotation', async () => {
    const keyId = await createKey('rotated')
    const sealed = await (await openVault(keyId)).seal('a', content)
    const { client } = await connectTo(server.url)
    await client.rotateUserKey({ key: keyId, expectedDefaultVersionNumber: 1 })
    const later = await openVault(keyId)
    expect(await later.open('a', await later.seal('a', content))).toEqual(content)
    expect(await later.open('a', sealed)).toEqual(content)
  })

  it('opens no record under another ID, and none that was changed or cut off', async () => {
    const vault = await openVault(await createKey('bound'))
    const sealed = await vault.seal('a', content)
    await expect(vault.open('b', sealed)).rejects.toThrow(RecordError)
    await expect(vault.open('a', sealed.subarray(0, 40))).rejects.toThrow(RecordError)
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(changed.length - 20) ^ 1, changed.length - 20)
    await expect(vault.open('a', changed)).rejects.toThrow(RecordError)
    expect(await vault.open('a', sealed)).toEqual(content)
  })

  it('tries again when Keystead answers UNAVAILABLE', async () => {
    const front = await startUnavailableFront(2)
    const vault = await openVault(await createKey('unavailable'), { url: front.url })
    await vault.seal('a', content)
    expect(front.requestCount()).toBe(3)
  })

  it('gives up after the last attempt, and tries again with the next record', async () => {
    const front = await startUnavailableFront(2)
    const vault = await openVault(await createKey('given-up'), { url: front.url, retry: impatient })
    await expect(vault.seal('a', content)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await vault.open('b', await vault.seal('b', content))).toEqual(content)
  })

  it('asks once only when Keystead refuses for good', async () => {
    const front = await startUnavailableFront(0)
    const vault = await openVault('ukey_01jzzzzzzzzzzzzzzzzzzzzzzz', { url: front.url })
    await expect(vault.seal('a', content)).rejects.toThrow(KeysteadError)
    expect(front.requestCount()).toBe(1)
  })

  it('waits for a server that is being started again', async () => {
    const keyId = await createKey('restarted')
    const vault = await openVault(keyId)
    const hasty = await openVault(keyId, { retry: impatient })
    await server.stop('SIGTERM')
    await expect(hasty.seal('a', content)).rejects.toThrow(KeysteadUnreachableError)
    const starting = startServer(new URL(server.url).port)
    const sealed = await vault.seal('a', content)
    server = await starting
    expect(await vault.open('a', sealed)).toEqual(content)
  })
})

describe('the service of examples/service', () => {
  async function startService(keyId: string): Promise<{ url: string; child: ChildProcess }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../examples/service/main.ts')], {
      env: {
        PATH: process.env['PATH'],
        KEYSTEAD_URL: server.url,
        KEYSTEAD_KEY_ID: keyId,
        RECORDS_FOLDER: join(folder, 'records'),
        PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (url !== undefined) return { url, child }
    }
    throw new Error(`the service ended: ${lines.join('\n')}`)
  }

  it('keeps records encrypted in its folder, and gives them back after a start', async () => {
    const keyId = await createKey('service')
    const first = await startService(keyId)
    const put = await fetch(`${first.url}/records/card`, { method: 'PUT', body: content })
    expect(put.status).toBe(204)
    expect(readdirSync(join(folder, 'records'))).toEqual(['card'])
    expect(readFileSync(join(folder, 'records/card')).includes(content)).toBe(false)
    first.child.kill('SIGTERM')
    await once(first.child, 'exit')

    const { url } = await startService(keyId)
    const got = await fetch(`${url}/records/card`)
    expect(Buffer.from(await got.arrayBuffer())).toEqual(content)
    expect((await fetch(`${url}/records/none`)).status).toBe(404)
    expect((await fetch(`${url}/records/..%2Fcard`)).status).toBe(404)
    expect((await fetch(`${url}/records/card`, { method: 'DELETE' })).status).toBe(405)
  })
})
