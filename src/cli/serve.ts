import { type App, CutOffError, createApp } from '../app.ts'
import { personas } from '../auth/dev-issuer.ts'
import { KeySetError } from '../auth/errors.ts'
import { exitCodes } from '../command-line/command.ts'
import { type Config, ConfigError } from '../config.ts'
import { RootKeyError } from '../keyring/root-key-provider.ts'
import { SinkConfigError } from '../open-sinks.ts'
import { textOfTrouble } from '../operator/run-command.ts'
import { TrustedDocumentsError } from '../server/graphql/trusted-documents.ts'
import { ListenError } from '../server/http/listener.ts'
import { StoreError } from '../store/errors.ts'
import { CertificateError } from '../tls-files.ts'
import { processorsHere, shareOf } from '../workers/shares.ts'
import type { PrimaryLink } from '../workers/worker.ts'
import type { Program } from './program.ts'

/**
 * Runs the server until the process is asked to stop. Resolves to the exit code.
 *
 * @param link given in a worker, whose primary process says what the operator is told
 */
export async function runServer(
  program: Pick<Program, 'listenForStop' | 'onReload'>,
  config: Config,
  link: PrimaryLink | null,
): Promise<number> {
  try {
    return await (link === null ? runAlone(program, config) : runWorker(program, config, link))
  } catch (error) {
    // The log has the details.
    if (error instanceof CutOffError) return exitCodes.failed
    console.error('Keystead has to stop:', reasonOf(error))
    return exitCodes.failed
  }
}

async function runAlone(
  { listenForStop, onReload }: Pick<Program, 'listenForStop' | 'onReload'>,
  config: Config,
): Promise<number> {
  const stopped = whenAborted(listenForStop())
  let app: App | null = null
  // A start reads everything by itself.
  onReload?.(() => void app?.reload())
  // An interrupted start is safe like a crash: its changes are in transactions.
  app = await Promise.race([createApp(config), stopped])
  if (app === null) {
    console.log('Keystead is stopping before it has started.')
    return exitCodes.fine
  }
  console.log(config.developmentMode ? developmentHelp(app, config) : `Keystead listens on ${app.url}`)
  await stopped
  console.log('Keystead is stopping …')
  await app.close()
  return exitCodes.fine
}

async function runWorker(
  { listenForStop }: Pick<Program, 'listenForStop'>,
  config: Config,
  link: PrimaryLink,
): Promise<number> {
  const { number, workers, opensEarly } = link.part
  const { poolSize, processors } = shareOf(config, workers, processorsHere())
  const stopped = whenAborted(AbortSignal.any([listenForStop(), link.stop]))
  const worker = { number, opensEarly, processors, renewals: link.renewals }
  const starting = createApp({ ...config, DATABASE_POOL_SIZE: poolSize }, { worker })
  const app = await Promise.race([starting, stopped])
  if (app === null) return exitCodes.fine
  link.serve(app.url, app)
  await stopped
  try {
    await app.close()
  } finally {
    await link.leave()
  }
  return exitCodes.fine
}

function whenAborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null))
  })
}

/** Message of an expected error; for other errors, the whole error with its stack. */
function reasonOf(error: unknown): unknown {
  const expected = [
    CertificateError,
    ConfigError,
    KeySetError,
    ListenError,
    RootKeyError,
    SinkConfigError,
    StoreError,
    TrustedDocumentsError,
  ]
  if (error instanceof Error && expected.some((type) => error instanceof type)) return error.message
  return textOfTrouble(error) ?? error
}

function developmentHelp({ url, hasConsole }: App, config: Config): string {
  return `
Keystead is running.${hasConsole ? ` Open ${url}` : ''}

  GraphiQL   ${url}/graphql   (six tabs, to run in their order)
  Tokens     ${url}/dev/tokens/PERSONA   (PERSONA: ${personas.map(({ name }) => name).join(', ')})
  Data       ${config.DATA_FOLDER}

Encrypt from a terminal, as the service "Secrets Manager" with its own key:

  TOKEN=$(curl -s ${url}/dev/tokens/agent | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{"query":"mutation { encryptWithServiceKey(input: {plaintext: \\"aGVsbG8=\\"}) { ... on EncryptWithServiceKeyPayload { ciphertext keyId versionNumber } } }"}'

Stop with Ctrl+C.
`
}
