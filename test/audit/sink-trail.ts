import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { exportAudit } from '../../src/audit/export.ts'
import type { ExporterListener, SinkLag } from '../../src/audit/sinks/exporter.ts'
import type { Sink, SinkBatch, SinkCheckpoint } from '../../src/audit/sinks/sink.ts'
import { checkpointJwk } from '../../src/audit/verify/checkpoint.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { countBehind } from '../../src/store/audit/sink-rows.ts'
import { runHere } from '../support/run-here.ts'

/** A folder that is removed after the test. */
export function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Lines of `keystead audit export`. */
export async function exportedLines({ store, auditKeys }: Dependencies): Promise<string[]> {
  const lines: string[] = []
  const filter = { since: null, until: null, projectId: null }
  for await (const page of exportAudit(store.db, filter, auditKeys)) lines.push(...page)
  return lines
}

/** All lines in the files of a folder, file after file. */
export function linesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.includes('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
}

/** Waits until a sink has everything. */
export async function untilExported({ store }: Pick<Dependencies, 'store'>, sink: string): Promise<void> {
  await expect.poll(() => countBehind(store.db, sink), { interval: 50 }).toBe(0)
}

/** Runs `keystead audit verify-export` with the public key of an installation, on the other side. */
export async function verifyExport(
  key: Dependencies['auditKeys'] | null,
  ...args: string[]
): Promise<{ readonly code: number | null; readonly printed: string[] }> {
  if (key === null) return split(await runHere({}, 'audit', 'verify-export', ...args))
  const file = join(folderForTest(), 'checkpoints.jwk')
  writeFileSync(file, JSON.stringify(await checkpointJwk(key.checkpointKey)))
  return split(await runHere({}, 'audit', 'verify-export', ...args, '--public-key', file))
}

function split({ code, printed, said }: { code: number | null; printed: string; said: string }) {
  return { code, printed: `${printed}${said}`.split('\n').filter((line) => line !== '') }
}

/** A sink in memory whose behaviour a test decides. */
export interface MemorySink extends Sink {
  readonly batches: SinkBatch[]
  readonly checkpoints: SinkCheckpoint[]
  lines(): string[]
  /** Called before a batch is taken; may reject, or never end. */
  before: (batch: SinkBatch, signal: AbortSignal) => Promise<void>
  /** Called after a batch was taken, and before it is acknowledged. */
  after: (batch: SinkBatch) => Promise<void>
}

export function createMemorySink(name: Sink['name'] = 'webhook'): MemorySink {
  const batches: SinkBatch[] = []
  const checkpoints: SinkCheckpoint[] = []
  return {
    name,
    batches,
    checkpoints,
    lines: () => batches.flatMap(({ lines }) => lines),
    before: async () => {},
    after: async () => {},
    async send(batch, signal) {
      await this.before(batch, signal)
      batches.push(batch)
      await this.after(batch)
    },
    async putCheckpoint(checkpoint) {
      checkpoints.push(checkpoint)
    },
    async close() {},
  }
}

/** A listener that keeps what it hears. */
export function createHearing() {
  const failures: unknown[] = []
  const forged: string[] = []
  const refusals: string[] = []
  const lags: SinkLag[] = []
  const listener: ExporterListener = {
    onLag: (_sink, lag) => void lags.push(lag),
    onSent: () => {},
    onCheckpoint: () => {},
    onFailure: (_sink, error) => void failures.push(error),
    onForgedPosition: (_sink, chainId) => void forged.push(chainId),
    onNoCheckpoint: (reason) => void refusals.push(reason),
  }
  return { listener, failures, forged, refusals, lags }
}
