import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

const connectionsCount = 200
const question = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'

async function start(): Promise<ServerProcess> {
  const { dataFolder, dispose } = await createTestDatabase()
  onTestFinished(dispose)
  const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0' })
  onTestFinished(async () => void (await server.stop('SIGKILL')))
  return server
}

/** So many connections as the kernel has accepted, whether the server has or not. */
async function connectAll({ url }: ServerProcess): Promise<Socket[]> {
  const { hostname, port } = new URL(url)
  const sockets = Array.from({ length: connectionsCount }, () => connect(Number(port), hostname))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  return sockets
}

/** What comes on a connection until it ends; the code of its error where it breaks. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  try {
    await once(socket, 'close')
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
  return text
}

const isAnswered = (text: string) => /^HTTP\/1\.1 200 OK.*\{"status":"live"\}\s*$/s.test(text)

describe('a server that is asked to stop while it cannot look', () => {
  it('answers everybody who had connected and asked until then', async () => {
    const server = await start()
    // It does not run: whatever arrives waits in the kernel, as it does on a machine under load.
    server.child.kill('SIGSTOP')
    const sockets = await connectAll(server)
    const answers = sockets.map(readAll)
    for (const socket of sockets) socket.write(question)
    const stopped = server.stop('SIGTERM')
    server.child.kill('SIGCONT')
    expect((await Promise.all(answers)).filter((answer) => !isAnswered(answer))).toEqual([])
    expect(await stopped).toBe(0)
  })

  it('answers everybody who has asked on a connection that was kept alive', async () => {
    const server = await start()
    const sockets = await connectAll(server)
    for (const socket of sockets) {
      socket.write(question)
      expect(String((await once(socket, 'data'))[0])).toContain('200 OK')
    }
    server.child.kill('SIGSTOP')
    const answers = sockets.map(readAll)
    for (const socket of sockets) socket.write(question)
    const stopped = server.stop('SIGTERM')
    server.child.kill('SIGCONT')
    expect((await Promise.all(answers)).filter((answer) => !isAnswered(answer))).toEqual([])
    expect(await stopped).toBe(0)
  })
})
