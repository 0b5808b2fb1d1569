import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSender } from '../../src/server/answer.ts'

async function startServer(onRequest: (path: string, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => onRequest(request.url ?? '', response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.closeAllConnections())
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('answers that are ready in one turn of the event loop', () => {
  it('go to their own clients, and one that cannot be sent holds up no other', async () => {
    const failed: string[] = []
    const send = createSender({
      withinMs: 1000,
      onFailure({ response, requestId }) {
        failed.push(requestId)
        response.destroy()
      },
    })
    const waiting = new Map<string, ServerResponse>()
    const url = await startServer((path, response) => {
      waiting.set(path, response)
      if (waiting.size < 3) return
      for (const [requestId, waiter] of waiting) {
        const headers = { 'x-path': requestId === '/b' ? 'no\nheader' : requestId }
        send({ response: waiter, requestId }, { status: 200, headers, body: `for ${requestId}` })
      }
    })
    const [a, b, c] = await Promise.allSettled(
      ['/a', '/b', '/c'].map(async (path) => {
        const response = await fetch(url + path)
        return [response.headers.get('x-path'), await response.text()]
      }),
    )
    expect(a).toMatchObject({ value: ['/a', 'for /a'] })
    expect(c).toMatchObject({ value: ['/c', 'for /c'] })
    expect(b?.status).toBe('rejected')
    expect(failed).toEqual(['/b'])
  })

  it('are dropped where their client has gone meanwhile', async () => {
    const failed: unknown[] = []
    const send = createSender({ withinMs: 1000, onFailure: (_, error) => failed.push(error) })
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const url = await startServer((path, response) => {
      send({ response, requestId: path }, { status: 200, headers: {}, body: 'late' })
      response.once('close', resolve)
      response.destroy()
    })
    await expect(fetch(url)).rejects.toThrow()
    await closed
    await new Promise(setImmediate)
    expect(failed).toEqual([])
  })
})
