#!/usr/bin/env node
import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { EncryptionParts } from '../extension.ts'
import { type Counts, convertRows, type Direction } from './convert-rows.ts'

const help = `Usage: keystead-prisma encrypt|rotate|decrypt MODEL --client FILE [options]

Converts the encrypted fields of existing rows.

  encrypt   encrypts values that are plaintext, and fills blind indexes
  rotate    encrypts values anew that are of an older version of their key, and renews blind indexes
  decrypt   puts plaintext in place of ciphertext, and empties blind indexes

Options:
  --client FILE      module that exports the client with fieldEncryption (required)
  --dry-run          writes nothing: counts values by the version of their key, and rows that would be written
  --batch-size N     rows that are read at a time, 1 to 5000 (500)
  --help             this text

A row is written only if it is still as it was read, so the application may go on writing. While rows are encrypted or
decrypted, it needs plaintext: 'allow'. What is done is seen from the rows: after an interruption, run the same again.

Exit status: 0 if all rows are as they should be, 1 if some are not or the run was interrupted, 2 if the arguments are wrong.
`

const directions: readonly Direction[] = ['encrypt', 'rotate', 'decrypt']

const interrupted =
  'Stopped. Rows that were written stay as they are, and no row is half written. Run the same command again to go on.'

class UsageError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1
  const after = error instanceof UsageError ? 'See keystead-prisma --help.' : interrupted
  process.stderr.write(`${textOf(error)}\n${after}\n`)
}
// The client keeps connections open.
await new Promise((done) => process.stdout.write('', done))
process.exit()

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args)
  if (values.help === true) {
    process.stdout.write(help)
    return 0
  }
  const [direction, modelName, ...more] = positionals
  const known = directions.find((each) => each === direction)
  if (known === undefined || modelName === undefined || more.length > 0)
    throw new UsageError(`Expected ${directions.join('|')} and the name of a model.`)
  const batchSize = Number(values['batch-size'] ?? 500)
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 5000)
    throw new UsageError(`--batch-size must be an integer from 1 to 5000, got ${values['batch-size']}.`)
  if (values.client === undefined) throw new UsageError('--client FILE is missing.')
  const parts = await loadParts(values.client)
  const model = parts.schema.models.get(modelName)
  if (model === undefined || model.encrypted.size === 0) {
    const models = [...parts.schema.models.values()].filter(({ encrypted }) => encrypted.size > 0)
    throw new UsageError(
      `${modelName} is no model with encrypted fields. There are: ${models.map(({ name }) => name).join(', ')}.`,
    )
  }
  const isDryRun = values['dry-run'] === true
  const counts = await convertRows({
    parts,
    model,
    direction: known,
    batchSize,
    isDryRun,
    onProgress: ({ rows, changed }, last) =>
      void process.stderr.write(
        `${rows} rows, ${changed} ${isDryRun ? 'to be written' : 'written'}, up to ${last}\n`,
      ),
  })
  process.stdout.write(summaryOf(counts, isDryRun))
  return counts.unreadable.length > 0 || counts.busy > 0 ? 1 : 0
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        client: { type: 'string' },
        'dry-run': { type: 'boolean' },
        'batch-size': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function loadParts(file: string): Promise<EncryptionParts> {
  const path = isAbsolute(file) ? file : resolve(process.cwd(), file)
  const module: unknown = await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new UsageError(
      `${file} cannot be loaded: ${textOf(error)}. For TypeScript use Node 22.18 or newer, or NODE_OPTIONS="--import tsx".`,
    )
  })
  for (const exported of Object.values(module as Readonly<Record<string, unknown>>)) {
    const parts = (exported as { readonly $keystead?: () => EncryptionParts } | null)?.$keystead
    if (typeof parts === 'function') return parts.call(exported)
  }
  throw new UsageError(`${file} exports no Prisma client with fieldEncryption of @keystead/prisma.`)
}

function summaryOf(
  { rows, changed, unchanged, busy, unreadable, values }: Counts,
  isDryRun: boolean,
): string {
  const lines = [...values]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([state, number]) => `  ${state}: ${number}`)
  return [
    `${rows} rows: ${changed} ${isDryRun ? 'to be written' : 'written'}, ${unchanged} as they should be.`,
    ...(lines.length > 0 ? [`Values as they were found:`, ...lines] : []),
    ...(busy > 0 ? [`${busy} rows were changed by others each time. Run the command again.`] : []),
    ...(unreadable.length > 0
      ? [
          `${unreadable.length} rows have values that do not open or cannot be written, and were left as they are:`,
          ...unreadable.slice(0, 20).map((text) => `  ${text}`),
        ]
      : []),
    '',
  ].join('\n')
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
