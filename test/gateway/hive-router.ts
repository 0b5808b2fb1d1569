import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** The program of Hive Router; not set where it is not installed. */
export const hiveRouter = process.env['HIVE_ROUTER']

/** Starts Hive Router on a composed supergraph. */
export async function startHiveRouter(supergraph: string) {
  if (hiveRouter === undefined) throw new Error('HIVE_ROUTER is not set')
  const folder = mkdtempSync(join(tmpdir(), 'hive-router-'))
  writeFileSync(join(folder, 'supergraph.graphql'), supergraph)
  const port = await freePort()
  const router = spawn(hiveRouter, {
    cwd: folder,
    env: {
      ...process.env,
      ROUTER_CONFIG_FILE_PATH: join(import.meta.dirname, 'hive-router.yaml'),
      SUPERGRAPH_FILE_PATH: join(folder, 'supergraph.graphql'),
      HOST: '127.0.0.1',
      PORT: String(port),
    },
  })
  // Written by this process, so that a test can look at it.
  for (const stream of [router.stdout, router.stderr]) stream.on('data', (line) => process.stderr.write(line))
  const ended = new Promise((resolve) => router.once('close', resolve))
  const url = `http://127.0.0.1:${port}`
  while (!(await isReady(url))) {
    if (router.exitCode !== null) throw new Error(`Hive Router ended with ${router.exitCode}`)
    await setTimeout(100)
  }
  return {
    url: `${url}/graphql`,
    async close() {
      router.kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readiness`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
