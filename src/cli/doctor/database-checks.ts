import { createChainMac } from '../../audit/chain.ts'
import { systemClock } from '../../clock.ts'
import { CommandError } from '../../command-line/command.ts'
import type { Config } from '../../config.ts'
import { openInstallation } from '../../keyring/installation.ts'
import { createPolicyMac } from '../../keyring/policy-mac.ts'
import { RootKeyError } from '../../keyring/root-key-provider.ts'
import { workersHere } from '../../memory-limit.ts'
import { openConfiguredRootKeys } from '../../open-root-keys.ts'
import { type Check, failed, passed, skipped, warned } from '../../operator/check.ts'
import { runInServer } from '../../operator/client.ts'
import { doctor } from '../../operator/commands/doctor.ts'
import { type CheckedParts, checkData, dataCheckNames } from '../../operator/data-checks.ts'
import { textOfTrouble } from '../../operator/run-command.ts'
import { hasOperatorSockets } from '../../operator/socket.ts'
import { createDatabaseClock, guardClock } from '../../store/database-clock.ts'
import { databaseTroubleOf } from '../../store/database-trouble.ts'
import { hasEmbeddedDatabase } from '../../store/embedded/database-folder.ts'
import { FolderInUseError, StoreError } from '../../store/errors.ts'
import { openStore } from '../../store/open-store.ts'
import type { PostgresFacts } from '../../store/postgres/inspect.ts'
import { findInstallation } from '../../store/rows/installation-row.ts'
import type { Store } from '../../store/store.ts'
import { connectionsOf } from '../../workers/shares.ts'
import { secretFileProblems } from './system-checks.ts'

/** Names of the checks of the database that come before those of its data. */
export const databaseCheckNames = ['database', 'database-role', 'pooler'] as const

/** Connections that should be left on the server. */
const freeConnectionsMin = 5

/** Checks the database, and then what is in it. Reads only. */
export async function* checkDatabase(config: Config, signal: AbortSignal): AsyncGenerator<Check, void> {
  const { DATABASE_URL: url, DATABASE_LISTEN_URL: listenUrl, DATA_FOLDER: folder } = config
  if (url === null) {
    yield* checkEmbedded(config, folder, signal)
    return
  }
  const inspected = await inspect(url, listenUrl)
  if (typeof inspected === 'string') {
    yield failed(
      'database',
      inspected,
      'Check DATABASE_URL, and that the server runs and can be reached from here.',
    )
    for (const name of ['database-role', 'pooler', ...dataCheckNames])
      yield skipped(name, 'The database cannot be used.')
    return
  }
  const opened = await open(config)
  yield opened instanceof StoreError
    ? failed('database', opened.message, null)
    : checkServerOf(inspected, config)
  yield checkRole(inspected, config)
  yield checkPooler(inspected)
  yield* checkContent(opened, config, signal)
}

async function* checkEmbedded(
  config: Config,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<Check, void> {
  const none = databaseCheckNames
    .filter((name) => name !== 'database')
    .map((name) => skipped(name, 'The database is embedded.'))
  if (!hasEmbeddedDatabase(folder)) {
    yield warned(
      'database',
      `There is no database in the folder ${folder}.`,
      'The first start of the server creates it. If there should be one, set DATA_FOLDER as for the server.',
    )
    yield* none
    for (const name of dataCheckNames) yield skipped(name, 'There is no database.')
    return
  }
  const inServer = await askServer(folder, signal)
  if (inServer !== null) {
    yield* inServer.slice(0, 1)
    yield* none
    yield* inServer.slice(1)
    return
  }
  const opened = await open(config)
  yield opened instanceof StoreError
    ? failed('database', opened.message, null)
    : passed('database', `The embedded database in ${folder} can be opened. No server is using it.`)
  yield* none
  yield* checkContent(opened, config, signal)
}

/** Lets the server that has the embedded database open make the checks; null if there is none. */
async function askServer(folder: string, signal: AbortSignal): Promise<readonly Check[] | null> {
  if (!hasOperatorSockets) return null
  const checks: Check[] = []
  const said: string[] = []
  try {
    const exit = await runInServer(
      folder,
      { path: doctor.path, args: [] },
      {
        print: async (line) => void checks.push(JSON.parse(line) as Check),
        progress: async (line) => void said.push(line),
        signal,
      },
    )
    if (exit === null) return null
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    said.push(error.message)
  }
  const made = checks.map(({ name }) => name)
  const rest = dataCheckNames
    .filter((name) => !made.includes(name))
    .map((name) => skipped(name, 'The running server did not make this check.'))
  const database =
    said.length === 0
      ? passed(
          'database',
          'A running server has the embedded database open, and made the checks of the data.',
        )
      : failed(
          'database',
          `The running server could not make the checks of the data: ${said.join(' ')}`,
          'Its log has the cause.',
        )
  return [database, ...checks, ...rest]
}

async function inspect(url: string, listenUrl: string | null): Promise<PostgresFacts | string> {
  try {
    return await (await import('../../store/postgres/inspect.ts')).inspectPostgres(url, listenUrl)
  } catch (error) {
    const trouble = databaseTroubleOf(error)
    if (trouble !== null)
      return `The database at DATABASE_URL cannot be used (${trouble.code}). ${trouble.text}`
    return error instanceof TypeError
      ? `DATABASE_URL ${error.message}.`
      : 'The database at DATABASE_URL cannot be reached.'
  }
}

async function open({
  DATABASE_URL: databaseUrl,
  DATABASE_LISTEN_URL: listenUrl,
  DATA_FOLDER: dataFolder,
}: Config): Promise<Store | StoreError> {
  try {
    return await openStore({ databaseUrl, listenUrl, dataFolder, poolSize: 2, migrate: false })
  } catch (error) {
    if (error instanceof FolderInUseError) {
      return new StoreError(
        `A process is using the data folder ${dataFolder} and takes no commands: it is starting or stopping, or its log says why. Try again in a moment.`,
      )
    }
    if (error instanceof StoreError) return error
    return new StoreError(textOfTrouble(error) ?? 'The database cannot be opened, for an unknown reason.')
  }
}

function checkServerOf(
  { version, databaseBytes, connections, connectionsMax }: PostgresFacts,
  config: Config,
): Check {
  const text = `PostgreSQL ${version}, ${Math.ceil(databaseBytes / 2 ** 20)} MiB, ${connections} of ${connectionsMax} connections in use.`
  if (connectionsMax - connections >= freeConnectionsMin) return passed('database', text)
  return warned(
    'database',
    `${text} A server uses up to ${connectionsOf(config, workersHere(config))}.`,
    'Raise max_connections, or lower DATABASE_POOL_SIZE.',
  )
}

function checkRole(
  { role, isSuperuser, mayCreate, lacking }: PostgresFacts,
  { MIGRATE_ON_START }: Config,
): Check {
  const name = 'database-role'
  if (lacking.length > 0) {
    return failed(
      name,
      `The role ${role} lacks rights on tables: ${lacking.slice(0, 5).join(', ')}.`,
      'Make it the owner of the database and of its tables.',
    )
  }
  if (!mayCreate && MIGRATE_ON_START) {
    return failed(
      name,
      `The role ${role} may not make tables, as migrations do.`,
      'Make it the owner of the database. Or set MIGRATE_ON_START=false, and migrate with another role.',
    )
  }
  if (isSuperuser) {
    return warned(
      name,
      `The role ${role} is a superuser of the database server.`,
      'Give Keystead a role of its own that owns the database only.',
    )
  }
  return passed(name, `The role ${role} has the rights that a server needs.`)
}

function checkPooler({ sessions }: PostgresFacts): Check {
  if (sessions instanceof StoreError) return failed('pooler', sessions.message, null)
  return passed(
    'pooler',
    sessions === 'own'
      ? 'Each connection has a session of its own.'
      : 'Connections share sessions behind a pooler, and changes by other replicas are heard over DATABASE_LISTEN_URL.',
  )
}

async function* checkContent(
  opened: Store | StoreError,
  config: Config,
  signal: AbortSignal,
): AsyncGenerator<Check, void> {
  const skipAll = (why: string) => dataCheckNames.map((name) => skipped(name, why))
  if (opened instanceof StoreError) {
    yield* skipAll('The database cannot be used.')
    return
  }
  try {
    if ((await findInstallation(opened.db)) === null) {
      yield* skipAll('No server has used this database yet.')
      return
    }
    if (secretFileProblems(config).length > 0) {
      yield* skipAll('Reading the root key would change the mode of a file that the check of files names.')
      return
    }
    const parts = await openContent(opened, config)
    if (parts instanceof RootKeyError) {
      const text = parts.message
      yield skipped('clock', 'The root key cannot be used.')
      yield failed(
        'root-key',
        `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`,
        'See docs/root-keys.md.',
      )
      yield skipped('audit-trail', 'The root key cannot be used.')
      return
    }
    yield* await checkData(parts, signal)
  } finally {
    await opened.close()
  }
}

async function openContent(store: Store, config: Config): Promise<CheckedParts | RootKeyError> {
  const clock = await guardClock(store, await createDatabaseClock(store, systemClock), { keep: false })
  try {
    const rootKeys = await openConfiguredRootKeys(config, { isNew: false, warn: () => {} })
    const { policyMac, auditMac, checkpointKey, predatesChains } = await openInstallation(
      store.db,
      rootKeys,
      clock.now(),
    )
    return {
      store,
      rootKeys,
      clock,
      policyMac: createPolicyMac(policyMac),
      auditKeys: { chainMac: createChainMac(auditMac), checkpointKey, predatesChains },
    }
  } catch (error) {
    if (error instanceof RootKeyError) return error
    throw error
  }
}
