import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type App, type AppOptions, createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { createBenchIssuer } from './bench-issuer.ts'

/** A server of the benchmark's own, and how to ask it. */
export interface BenchServer {
  /** Sends one request as a project admin, named as `subject@project`; the text of the answer. */
  ask(admin: string, document: string, variables: object): Promise<string>
  readonly url: string
  /** Null without METRICS_PORT. */
  readonly metricsUrl: string | null
  readonly housekeeping: App['housekeeping']
  /** A token of an admin, valid for an hour. */
  tokenOf(admin: string): Promise<string>
  close(): Promise<void>
}

/** Starts a server on a new database: embedded, or the empty one at DATABASE_URL. */
export async function startBenchServer(
  settings: Record<string, string> = {},
  options: AppOptions = {},
): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-'))
  const issuer = await createBenchIssuer(folder)
  const app = await createApp(
    readConfig({
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATA_FOLDER: folder,
      DATABASE_URL: process.env['DATABASE_URL'],
      ...issuer.settings,
      HOUSEKEEPING_INTERVAL_SECONDS: '3600',
      // A benchmark asks as one caller for as much as the server can do.
      RATE_LIMIT_UNITS: '0',
      UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'],
      ...settings,
    }),
    options,
  )
  const { tokenOf } = issuer
  const agent = new Agent({ keepAlive: true })
  return {
    url: app.url,
    metricsUrl: app.metricsUrl,
    housekeeping: app.housekeeping,
    tokenOf,
    async ask(admin, query, variables) {
      // Not `fetch`, whose own work is many times that of this, and is done by the same process here.
      const sent = request(`${app.url}/graphql`, {
        agent,
        method: 'POST',
        headers: { authorization: `Bearer ${await tokenOf(admin)}`, 'content-type': 'application/json' },
      })
      sent.end(JSON.stringify({ query, variables }))
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      return text(response)
    },
    async close() {
      agent.destroy()
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
