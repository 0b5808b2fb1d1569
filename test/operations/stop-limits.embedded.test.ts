import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTestDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

const body = '{"query":"{ viewer { projectId } }"}'

/** A server as an operator starts it, and a request that it has accepted and whose body it waits for. */
async function startWithRequest(settings: Record<string, string>): Promise<{
  server: ServerProcess
  sent: ClientRequest
}> {
  const { dataFolder, dispose } = await createTestDatabase()
  onTestFinished(dispose)
  const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0', ...settings })
  onTestFinished(async () => void (await server.stop('SIGKILL')))
  const { token } = (await (await fetch(`${server.url}/dev/tokens/admin`)).json()) as { token: string }
  const sent = request(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  })
  sent.flushHeaders()
  await once(sent, 'continue')
  return { server, sent }
}

const isStopping = ({ output }: ServerProcess) =>
  vi.waitUntil(() => output.includes('Keystead is stopping …'), { timeout: 20_000, interval: 20 })

describe('a stop with a request under way', () => {
  it('finishes it, refuses new connections meanwhile, and ends with exit code 0', async () => {
    const { server, sent } = await startWithRequest({ SHUTDOWN_TIMEOUT_MS: '50000' })
    const stopped = server.stop('SIGTERM')
    await isStopping(server)
    await vi.waitFor(() => expect(fetch(`${server.url}/livez`)).rejects.toThrow(), { timeout: 20_000 })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    expect(await json(response)).toMatchObject({ data: { viewer: {} } })
    expect(await stopped).toBe(0)
    expect(JSON.parse(server.output.at(-1) ?? '')).toMatchObject({ level: 30, msg: 'stopped' })
  })

  it('cuts it off after SHUTDOWN_TIMEOUT_MS, says so, and ends with exit code 1', async () => {
    const { server, sent } = await startWithRequest({ SHUTDOWN_TIMEOUT_MS: '100' })
    const cut = once(sent, 'error')
    expect(await server.stop('SIGTERM')).toBe(1)
    await cut
    expect(JSON.parse(server.output.at(-1) ?? '')).toMatchObject({
      level: 50,
      cutRequests: 1,
      cutOther: false,
      timeoutMs: 100,
      msg: 'stopped before everything was finished',
    })
  })

  it.each([
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
  ] as const)('by %s, ends at once by %s', async (first, second, exitCode) => {
    const { server, sent } = await startWithRequest({ SHUTDOWN_TIMEOUT_MS: '600000' })
    sent.on('error', () => {})
    const stopped = server.stop(first)
    await isStopping(server)
    server.child.kill(second)
    expect(await stopped).toBe(exitCode)
  })
})
