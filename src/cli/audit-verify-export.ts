import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { JWK } from 'jose'
import { checkpointSuffix, linesSuffix, openSuffix } from '../audit/sinks/file-sink.ts'
import { type Checkpoint, CheckpointError, readCheckpoint } from '../audit/verify/checkpoint.ts'
import { type Finding, otherFinding } from '../audit/verify/finding.ts'
import { createExportVerifier, describeExport } from '../audit/verify/verify-export.ts'
import { CommandError, exitCodes, type GivenValues, UsageError } from '../command-line/command.ts'
import { counted } from '../counted.ts'
import { createPacer, type SetupCommand } from '../operator/command.ts'

/** Most findings that are printed. */
const findingsMax = 1000

/** `keystead audit verify-export`. */
export const auditVerifyExport: SetupCommand = {
  path: ['audit', 'verify-export'],
  summary: 'Verifies exported records, without the database.',
  help: `
Verifies what keystead audit export has printed and what the sinks of the audit trail have received: that no record was
changed, moved or put in, that none is missing between others, and that signed checkpoints match. Records may come
several times if they are identical. Needs no database and no settings, so that it can run where the export is kept.

PATH is a file with lines of JSON, a folder, or - for standard input. A folder is read with the folders in it: files
that end with .jsonl or .jsonl.open, and checkpoints that end with .jws. A line may also be a checkpoint, or a request of
OpenTelemetry with records in it (OTLP in JSON), as the file exporter of a collector writes it.

Only signed checkpoints show that the end of the export is missing, or that all of it was made up. Their key is printed
by keystead audit checkpoint --public-key: keep a copy of it here. Of each record 32 bytes are kept in memory.

Exit code 0 without findings, 1 with findings or if something cannot be read, 2 if the arguments are wrong.

Examples:
  keystead audit verify-export /var/log/keystead --public-key /etc/keystead/checkpoints.jwk
  keystead audit export | keystead audit verify-export -`,
  options: {
    path: {
      type: 'string',
      value: 'PATH',
      bare: true,
      required: true,
      many: true,
      meaning: 'File, folder, or - for standard input.',
    },
    'public-key': { type: 'string', value: 'FILE', meaning: 'Public key of checkpoints, as a JWK.' },
    checkpoint: {
      type: 'string',
      value: 'FILE',
      many: true,
      meaning: 'Another checkpoint to compare with. Needs --public-key.',
    },
    partial: {
      type: 'boolean',
      meaning:
        'Accepts chains that begin after their first record, or that are absent: for a part of an export.',
    },
  },
  async setUp(_config, invocation) {
    const { options, print, progress } = invocation
    const given = listOf(options['checkpoint'])
    const key = await readKey(options['public-key'])
    if (given.length > 0 && key === null) throw new UsageError('--checkpoint needs --public-key.')
    const { files, checkpointFiles } = await findFiles(listOf(options['path']))
    const verifier = createExportVerifier({ isPartial: options['partial'] === true })
    const jwsTexts: { text: string; file: string }[] = []
    for (const path of [...checkpointFiles, ...given]) {
      jwsTexts.push({ text: (await readText(path)).trim(), file: path })
    }
    const notes: string[] = []
    let [lines, otherRecords] = [0, 0]
    const isTime = createPacer()
    for (const file of files) {
      verifier.startFile()
      let number = 0
      for await (const { text, isWhole } of linesOf(file)) {
        number += 1
        lines += 1
        if (text === '') continue
        for (const each of textsIn(text)) {
          if (isCompactJws.test(each)) jwsTexts.push({ text: each, file: `${file}, line ${number}` })
          else {
            const record = parseObject(each)
            if (record === null && !isWhole) notes.push(`${file} ends within a line, as after a crash.`)
            else if (!verifier.add(record ?? {}, { file, line: number })) otherRecords += 1
          }
        }
        if (isTime()) await progress(`${file}: ${counted(lines, 'line')}`)
      }
    }
    const { checkpoints, faults } =
      key === null ? { checkpoints: [], faults: [] } : await readAll(jwsTexts, key)
    const verified = verifier.finish(checkpoints)
    const report = { ...verified, findings: [...faults, ...verified.findings] }
    for (const { text } of report.findings.slice(0, findingsMax)) await print(text)
    const further = report.findings.length - findingsMax
    if (further > 0) await print(`and ${counted(further, 'more finding')}`)
    for (const note of notes) await print(note)
    if (otherRecords > 0) {
      await print(`${counted(otherRecords, 'record')} from before there were chains cannot be verified.`)
    }
    if (report.absentChains > 0 && options['partial'] === true) {
      await print(
        `Of ${counted(report.absentChains, 'chain')} that checkpoints know, there is no record here.`,
      )
    }
    await print(describeExport(report))
    await print(describeCheckpoints(checkpoints, { found: jwsTexts.length, hasKey: key !== null, ...report }))
    return report.findings.length === 0 ? exitCodes.fine : exitCodes.failed
  },
}

function describeCheckpoints(
  checkpoints: readonly Checkpoint[],
  found: {
    readonly found: number
    readonly hasKey: boolean
    readonly signed: number
    readonly records: number
  },
): string {
  const newest = checkpoints.reduce<Date | null>(
    (last, { at }) => (last === null || at > last ? at : last),
    null,
  )
  if (newest !== null) {
    const rest = found.records - found.signed
    return `${counted(checkpoints.length, 'checkpoint')}, the newest of ${newest.toISOString()}, vouch for ${counted(found.signed, 'record')}; ${rest} ${rest === 1 ? 'is' : 'are'} not covered.`
  }
  return found.found > 0 && !found.hasKey
    ? `${counted(found.found, 'checkpoint')} not compared: give --public-key.`
    : 'No checkpoint: nothing signed vouches for these records or shows where they should end.'
}

function listOf(value: GivenValues[string]): readonly string[] {
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : []
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => cannotRead(path, error))
}

function cannotRead(path: string, { code = 'unknown error' }: NodeJS.ErrnoException): never {
  throw new CommandError(`${path} cannot be read (${code}).`)
}

async function readKey(path: GivenValues[string]): Promise<JWK | null> {
  if (typeof path !== 'string') return null
  const text = await readText(path)
  try {
    const jwk = JSON.parse(text) as JWK
    if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && jwk.d === undefined) return jwk
  } catch {
    // The text below is about this, too.
  }
  throw new CommandError(
    `${path} is not the public key of checkpoints. "keystead audit checkpoint --public-key" prints it.`,
  )
}

/** Files in the order of their names, and checkpoints; folders are read with the folders in them. */
async function findFiles(
  paths: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly checkpointFiles: readonly string[] }> {
  const files: string[] = []
  const checkpointFiles: string[] = []
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) =>
      cannotRead(folder, error),
    )
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) await walk(path)
      else if (path.endsWith(linesSuffix) || path.endsWith(`${linesSuffix}${openSuffix}`)) files.push(path)
      else if (path.endsWith(checkpointSuffix)) checkpointFiles.push(path)
    }
  }
  for (const path of paths) {
    if (path === '-') {
      files.push(path)
      continue
    }
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => cannotRead(path, error))
    if (found.isDirectory()) await walk(path)
    else if (path.endsWith(checkpointSuffix)) checkpointFiles.push(path)
    else files.push(path)
  }
  if (files.length === 0) throw new CommandError('There is no file that ends with .jsonl.')
  return { files, checkpointFiles }
}

/** Lines of a file. The last one is not whole if no line feed follows it. */
async function* linesOf(path: string): AsyncGenerator<{ readonly text: string; readonly isWhole: boolean }> {
  const stream: AsyncIterable<Buffer> = path === '-' ? process.stdin : createReadStream(path)
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      for (const text of parts) yield { text: text.trim(), isWhole: true }
    }
  } catch (error) {
    cannotRead(path, error as NodeJS.ErrnoException)
  }
  if (rest !== '') yield { text: rest.trim(), isWhole: false }
}

const isCompactJws = /^[\w-]+\.[\w-]+\.[\w-]+$/

type Members = Readonly<Record<string, unknown>>

/** Texts in a line: itself, or the bodies in a request of OpenTelemetry. */
function textsIn(line: string): readonly string[] {
  const isRequest = line.startsWith('{') && line.includes('"resourceLogs"')
  const requests = isRequest ? parseObject(line)?.['resourceLogs'] : undefined
  return requests === undefined ? [line] : bodiesIn(requests)
}

function parseObject(text: string): Members | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Members)
      : null
  } catch {
    return null
  }
}

/** Bodies of the log records in the JSON of OTLP. */
function bodiesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(bodiesIn)
  if (typeof value !== 'object' || value === null) return []
  const { scopeLogs, logRecords, body } = value as Members
  const text = (body as { stringValue?: unknown } | undefined)?.stringValue
  if (typeof text === 'string') return [text]
  return [...bodiesIn(scopeLogs), ...bodiesIn(logRecords)]
}

async function readAll(
  texts: readonly { readonly text: string; readonly file: string }[],
  key: JWK,
): Promise<{ readonly checkpoints: readonly Checkpoint[]; readonly faults: readonly Finding[] }> {
  const checkpoints: Checkpoint[] = []
  const faults: Finding[] = []
  for (const { text, file } of texts) {
    try {
      checkpoints.push(await readCheckpoint(text, key))
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      faults.push(otherFinding(`${file}: ${error.message}`))
    }
  }
  return { checkpoints, faults }
}
