// Runs the tests of test/providers against servers of identity providers. docs/tokens.md says what they show.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fetchKeycloak, MissingProgramError, requireJava } from './keycloak-distribution.ts'
import { runVitest } from './run-vitest.ts'
import { summaryOfResults } from './summary-of-results.ts'

const versionDefault = '26.7.3'
const help = `npm run test:providers -- [--keycloak VERSION]

Starts Keycloak on loopback and a Keystead server that trusts it. People log in, services ask for tokens, and both use
keys. Then the realm gets a new signing key and Keycloak restarts while requests run: no request may fail. Takes 2 to
8 minutes, and needs Java 17 and 2 GB of memory.

  --keycloak VERSION  Version of Keycloak; ${versionDefault} if not given. Maven downloads it, with its usual settings, into
                      ~/.cache/keystead (or $XDG_CACHE_HOME/keystead).
  --help              This text.

  KEYCLOAK_HOME       Folder of a Keycloak server to use instead. It is copied, not changed.

Exit code 0: every test passed; 1: a test failed, or Keycloak could not be started.`

const { values } = parseArgs({
  options: {
    keycloak: { type: 'string', default: versionDefault },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(help)
} else if (!/^\d+(?:\.\d+){2}$/.test(values.keycloak)) {
  console.error('--keycloak must be a version such as 26.7.3')
  process.exitCode = 1
} else {
  process.exitCode = await runProviders(values.keycloak)
}

/** Gives the exit code. */
async function runProviders(version: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-providers-'))
  const results = join(folder, 'results.json')
  try {
    const home = await homeOf(version)
    console.log(`Starting Keycloak from ${home}. This takes half a minute, or two on a busy machine …`)
    const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${results}`]
    const config = join(import.meta.dirname, '../test/providers/vitest.config.ts')
    // What the tests write is removed also where they are interrupted.
    const variables = { KEYCLOAK_HOME: home, TMPDIR: folder }
    const failed = await runVitest(['--config', config, ...reporters], variables)
    console.log(summaryOfResults(results))
    return failed ? 1 : 0
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error
    console.error(`test:providers: ${error.message}.`)
    return 1
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 })
  }
}

/** Folder of the server of Keycloak. */
async function homeOf(version: string): Promise<string> {
  requireJava()
  const given = process.env['KEYCLOAK_HOME']
  if (given === undefined) {
    console.log(`Getting Keycloak ${version} (160 MB, once) …`)
    return fetchKeycloak(version)
  }
  if (!existsSync(join(given, 'bin/kc.sh'))) {
    throw new MissingProgramError(
      `KEYCLOAK_HOME is no folder of a Keycloak server: there is no ${given}/bin/kc.sh`,
    )
  }
  return given
}
