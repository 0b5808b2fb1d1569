import { createApp } from './app.ts'
import { personas } from './auth/dev-issuer.ts'
import { KeySetError } from './auth/errors.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { RootKeyError } from './keyring/root-key-provider.ts'
import { ListenError } from './server/listen-error.ts'
import { StoreError } from './store/errors.ts'

const config = readOrExit()
console.log(config.developmentMode ? 'Keystead is starting in development mode …' : 'Keystead is starting …')

try {
  const app = await createApp(config)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log('Keystead is stopping …')
      app.close().then(() => process.exit(0), fail)
    })
  }
  console.log(config.developmentMode ? developmentHelp(app.url) : `Keystead listens on ${app.url}`)
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

/** Says what the operator can act on in a sentence, and where it happened only for what nobody has foreseen. */
function fail(error: unknown): never {
  const expected = [ConfigError, KeySetError, ListenError, RootKeyError, StoreError]
  const isExpected = error instanceof Error && expected.some((type) => error instanceof type)
  console.error('Keystead has to stop:', isExpected ? error.message : error)
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
