import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** An answer as its bytes came. */
export interface RawAnswer {
  readonly status: number
  /** Each header line, in order, so that a name that came twice is there twice. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

/** A connection on which a test decides about each byte; it ends with the test. */
export function connectTo(url: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  // What the server does to a connection is told by what comes from it.
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

/** Head and body of a request, with exactly these headers. */
export function rawRequest(headers: readonly (readonly [string, string])[], body = ''): string {
  const lines = [['Host', 'localhost'], ...headers].map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** Sends bytes as they are, and gives the first answer to them that is no "100 Continue". */
export function exchange(url: string, bytes: string): Promise<RawAnswer> {
  const socket = connectTo(url)
  socket.write(bytes)
  return readRawAnswer(socket)
}

/** The next answer that is no "100 Continue": of its length, or in chunks, or until the connection is closed. */
export function readRawAnswer(socket: Socket): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let received = ''
    const look = (isClosed: boolean) => {
      received = received.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
      const answer = parseAnswer(received, isClosed)
      if (answer === null) return
      socket.off('data', read)
      resolve(answer)
    }
    const read = (bytes: Buffer) => {
      received += bytes.toString('latin1')
      look(false)
    }
    socket.on('data', read)
    socket.once('close', () => {
      look(true)
      reject(new Error(`the connection was closed after ${JSON.stringify(received)}`))
    })
  })
}

function parseAnswer(received: string, isClosed: boolean): RawAnswer | null {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [first = '', ...lines] = received.slice(0, end).split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const body = received.slice(end + 4)
  const length = headers.find(([name]) => name === 'content-length')?.[1]
  const isWhole = length === undefined ? /(^|\r\n)0\r\n\r\n$/.test(body) : body.length >= Number(length)
  if (!isWhole && !isClosed) return null
  return { status: Number(first.split(' ')[1]), headers, body }
}

/** The values of all header lines of a name. */
export function valuesOf({ headers }: RawAnswer, name: string): string[] {
  return headers.filter(([each]) => each === name).map(([, value]) => value)
}
