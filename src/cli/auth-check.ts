import { readFile } from 'node:fs/promises'
import { KeySetError } from '../auth/errors.ts'
import { describeEntries, explainToken } from '../auth/explain-entries.ts'
import { readIssuersFile } from '../auth/issuers-file.ts'
import { createKeySource } from '../auth/jwks.ts'
import type { KeySource } from '../auth/key-lookup.ts'
import type { ListedIssuer } from '../auth/trusted-issuer.ts'
import { systemClock } from '../clock.ts'
import { CommandError, exitCodes, type GivenValues, UsageError } from '../command-line/command.ts'
import type { Config } from '../config.ts'
import type { SetupCommand } from '../operator/command.ts'

/** `keystead auth check`. */
export const authCheck: SetupCommand = {
  path: ['auth', 'check'],
  summary: 'Checks an issuers file, and shows what its rules make of a token.',
  help: `
Without a token it reads the file as the server does at its start, and prints the entries, their rules and what may be a
mistake in them. With a token it prints what each rule makes of it, or why it is refused.

The signature is checked with --verify only, which fetches the keys of the entry. Without it nothing is sent anywhere. A
token that is an argument can be seen in the list of processes and in the history of the shell: --token-file avoids that.

Exit status: 0 if the file is valid and the token is accepted, 1 if not, 2 if the arguments are wrong.

Example:
  keystead auth check /etc/keystead/issuers.json --token-file token.jwt`,
  options: {
    file: { type: 'string', value: 'FILE', bare: true, required: true, meaning: 'The issuers file.' },
    token: { type: 'string', value: 'TOKEN', bare: true, meaning: 'The token.' },
    'token-file': {
      type: 'string',
      value: 'FILE',
      meaning: 'File with the token; /dev/stdin reads it from a pipe.',
    },
    verify: { type: 'boolean', meaning: 'Fetches the keys of the issuer and checks the signature.' },
  },
  async setUp(config, { options, print, progress }) {
    const token = await readToken(options)
    const entries = readEntries(String(options['file']), config)
    for (const line of describeEntries(entries)) await print(line)
    if (token === null) {
      await print('The file is valid.')
      return exitCodes.fine
    }
    const verify = options['verify'] === true
    const trusted = entries.map((entry) => ({
      ...entry,
      keySource: verify
        ? asCommandError(() =>
            createKeySource(entry, config, {
              onFailure: ({ url, text }) => void progress(`${url}: ${text}`),
            }),
          )
        : noKeys,
    }))
    const { lines, isAccepted } = await explainToken(token, trusted, { config, clock: systemClock, verify })
    await print('')
    for (const line of lines) await print(line)
    if (isAccepted)
      await print(verify ? 'The token is accepted.' : 'The token is accepted if its signature verifies.')
    else await print('The token is refused.')
    return isAccepted ? exitCodes.fine : exitCodes.failed
  },
}

const noKeys: KeySource = () => {
  throw new TypeError('no signature is checked')
}

async function readToken(options: GivenValues): Promise<string | null> {
  const { token, 'token-file': path } = options
  if (token !== undefined && path !== undefined)
    throw new UsageError('TOKEN and --token-file exclude each other.')
  if (typeof token === 'string') return token
  if (typeof path !== 'string') return null
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    throw new CommandError(`The file ${path} cannot be read.`)
  }
}

function readEntries(path: string, config: Config): readonly ListedIssuer[] {
  return asCommandError(() => readIssuersFile(path, config).issuers)
}

function asCommandError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KeySetError)) throw error
    throw new CommandError(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`)
  }
}
