import { createApp } from './app.ts'
import { personas } from './auth/dev-issuer.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { RootKeyError } from './keyring/root-key-provider.ts'
import { StoreError } from './store/errors.ts'

const config = readOrExit()
console.log(config.developmentMode ? 'Keystead is starting in development mode …' : 'Keystead is starting …')

try {
  const app = await createApp(config)
  console.log(config.developmentMode ? developmentHelp(app.url) : `Keystead listens on ${app.url}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log('Keystead is stopping …')
      app.close().then(() => process.exit(0), fail)
    })
  }
} catch (error) {
  fail(error)
}

function readOrExit(): Config {
  try {
    return readConfig(process.env)
  } catch (error) {
    return fail(error)
  }
}

function fail(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException
  const isForOperator = [ConfigError, RootKeyError, StoreError].some((type) => error instanceof type)
  if (isForOperator) console.error(message)
  else if (code === 'EADDRINUSE')
    console.error('The port is in use: stop the other server, or choose another PORT.')
  else console.error(error)
  process.exit(1)
}

function developmentHelp(url: string): string {
  return `
Keystead is running.

  GraphiQL   ${url}/graphql   (six tabs, to run in their order)
  Tokens     ${url}/dev/tokens/PERSONA   (PERSONA: ${personas.map(({ name }) => name).join(', ')})
  Data       ${config.DATA_FOLDER}

Encrypt from a terminal, as the service "Secrets Manager" with its own key:

  TOKEN=$(curl -s ${url}/dev/tokens/agent | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{"query":"mutation { encryptWithServiceKey(input: {plaintext: \\"aGVsbG8=\\"}) { ... on EncryptWithServiceKeyPayload { ciphertext keyId version } } }"}'

Stop with Ctrl+C.
`
}
