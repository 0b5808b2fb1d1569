import { exitCodes } from '../../command-line/command.ts'
import { type Config, ConfigError, readConfig } from '../../config.ts'
import { counted } from '../../counted.ts'
import { type Check, type CheckResult, failed, passed, skipped } from '../../operator/check.ts'
import type { Invocation } from '../../operator/command.ts'
import { dataCheckNames } from '../../operator/data-checks.ts'
import { productVersion } from '../../version.ts'
import { checkDatabase, databaseCheckNames } from './database-checks.ts'
import { checkCertificate, checkIssuers, checkServer } from './network-checks.ts'
import { checkDisk, checkFiles, checkLimits } from './system-checks.ts'

const otherCheckNames = [
  'files',
  'disk',
  'memory',
  'descriptors',
  'certificate',
  'issuers',
  'server',
  ...databaseCheckNames,
  ...dataCheckNames,
]

/** Runs `keystead doctor`. Resolves to its exit code. */
export async function runDoctor(
  { options, environment, print }: Invocation,
  signal: AbortSignal,
): Promise<number> {
  const isJson = options['json'] === true
  const checks: Check[] = []
  for await (const check of checkAll(environment, signal)) {
    checks.push(check)
    if (!isJson) await print(textOf(check))
  }
  const result = worstOf(checks)
  await print(isJson ? JSON.stringify({ version: productVersion(), result, checks }) : summaryOf(checks))
  return result === 'error' ? exitCodes.failed : exitCodes.fine
}

async function* checkAll(
  environment: Invocation['environment'],
  signal: AbortSignal,
): AsyncGenerator<Check, void> {
  const config = readSettings(environment)
  if ('problems' in config) {
    yield failed(
      'configuration',
      config.problems.map((problem) => `${problem}.`).join(' '),
      'Correct these settings; docs/configuration.md describes each. Run the command with the environment of the server.',
    )
    for (const name of otherCheckNames) yield skipped(name, 'The settings are invalid.')
    return
  }
  yield passed('configuration', describe(config))
  yield checkFiles(config)
  yield checkDisk(config)
  yield* checkLimits(config)
  yield await checkCertificate(config)
  yield await checkIssuers(config)
  yield await checkServer(config)
  yield* checkDatabase(config, signal)
}

function readSettings(
  environment: Invocation['environment'],
): Config | { readonly problems: readonly string[] } {
  try {
    return readConfig(environment)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems }
  }
}

function describe({ developmentMode, DATABASE_URL, DATA_FOLDER, ROOT_KEY_PROVIDER }: Config): string {
  const database = DATABASE_URL === null ? `the embedded database in ${DATA_FOLDER}` : 'PostgreSQL'
  const mode = developmentMode ? ' Development mode: tokens are issued to everyone on this machine.' : ''
  return `The settings are valid: ${database}, root key provider "${ROOT_KEY_PROVIDER}".${mode}`
}

function textOf({ name, result, finding, advice }: Check): string {
  const line = `${result.padEnd(7)}  ${name.padEnd(13)}  ${finding}`
  return advice === null ? line : `${line}\n${' '.repeat(26)}What to do: ${advice}`
}

function worstOf(checks: readonly Check[]): CheckResult {
  for (const result of ['error', 'warning'] as const) {
    if (checks.some((check) => check.result === result)) return result
  }
  return 'ok'
}

function summaryOf(checks: readonly Check[]): string {
  const count = (result: CheckResult) => checks.filter((check) => check.result === result).length
  return `${counted(checks.length, 'check')}: ${counted(count('error'), 'error')}, ${counted(count('warning'), 'warning')}, ${count('skipped')} skipped.`
}
