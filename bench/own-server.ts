import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  /** Answers a request without a socket. */
  readonly fetch: App['fetch']
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
      ...settings,
    }),
    options,
  )
  const { tokenOf } = issuer
  return {
    url: app.url,
    metricsUrl: app.metricsUrl,
    fetch: app.fetch,
    housekeeping: app.housekeeping,
    tokenOf,
    async ask(admin, query, variables) {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await tokenOf(admin)}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      return response.text()
    },
    async close() {
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
