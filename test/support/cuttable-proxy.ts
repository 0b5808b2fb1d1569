import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

type Kind = 'listener' | 'pool'

/** Stands between a server and PostgreSQL, and interferes with the connections of one kind. */
export interface CuttableProxy {
  /** The database's address through the proxy. */
  readonly databaseUrl: string
  /** Ends the listener's connections, and refuses new ones until `mend`. */
  cutListener(): void
  /** Passes nothing on that PostgreSQL sends to connections of this kind; nobody is told. */
  silence(kind: Kind): void
  /** Lets through again what was held, and new connections. */
  mend(): void
  /** Bytes that are held back. */
  readonly heldBytes: number
  /** What PostgreSQL sent to listeners and was passed on, as text. */
  readonly heard: string
  /** How often PostgreSQL was sent something and answered, over all connections that listen to nothing. */
  readonly roundTrips: number
}

interface Link {
  readonly kind: Kind
  readonly near: Socket
  readonly far: Socket
  held: Buffer[]
}

/**
 * Time in milliseconds for which a far-away database's proxy collects what it passes on to it, so that what is sent without
 * waiting for an answer arrives together.
 */
const farAwayMs = 25

/** Starts a proxy that ends with the test. */
export async function startProxy(
  databaseUrl: string,
  { isFarAway = false }: { readonly isFarAway?: boolean } = {},
): Promise<CuttableProxy> {
  const target = new URL(databaseUrl)
  const links = new Set<Link>()
  const silent = new Set<Kind>()
  let isCut = false
  let heard = ''
  let roundTrips = 0

  function pass(link: Link, bytes: Buffer): void {
    if (link.kind === 'listener') heard += bytes.toString('latin1')
    link.near.write(bytes)
  }

  const server = createServer((near) => {
    near.on('error', () => {})
    // The first message names the program that connects.
    near.once('data', (startup) => {
      const kind: Kind = startup.includes('keystead listener') ? 'listener' : 'pool'
      if (kind === 'listener' && isCut) {
        near.destroy()
        return
      }
      const far = connect(Number(target.port || 5432), target.hostname)
      const link: Link = { kind, near, far, held: [] }
      links.add(link)
      far.on('error', () => near.destroy())
      far.on('data', (bytes) => {
        if (silent.has(kind)) link.held.push(bytes)
        else pass(link, bytes)
      })
      far.write(startup)
      let collected: Buffer[] = []
      near.on('data', (bytes) => {
        if (!isFarAway) {
          far.write(bytes)
          return
        }
        collected.push(bytes)
        if (collected.length > 1) return
        setTimeout(() => {
          far.write(Buffer.concat(collected))
          collected = []
          if (kind === 'pool') roundTrips++
        }, farAwayMs)
      })
      near.on('close', () => far.destroy())
      far.on('close', () => {
        links.delete(link)
        near.destroy()
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const { near } of links) near.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the proxy has no port')
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${address.port}`
  return {
    databaseUrl: url.href,
    cutListener() {
      isCut = true
      for (const { kind, near } of links) if (kind === 'listener') near.destroy()
    },
    silence: (kind) => void silent.add(kind),
    mend() {
      isCut = false
      silent.clear()
      for (const link of links) {
        for (const bytes of link.held) pass(link, bytes)
        link.held = []
      }
    },
    get heldBytes() {
      return [...links].flatMap(({ held }) => held).reduce((sum, { length }) => sum + length, 0)
    },
    get heard() {
      return heard
    },
    get roundTrips() {
      return roundTrips
    },
  }
}
