import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** The options, with what help texts say of them. */
export const options = {
  url: {
    type: 'string',
    value: 'URL',
    meaning:
      'The Keystead to use, e.g. http://127.0.0.1:4600 (or the variable KEYSTEAD_URL). The key that is made there stays there.',
  },
  token: {
    type: 'string',
    value: 'TOKEN',
    meaning:
      'Your access token for it. Better in the variable KEYSTEAD_TOKEN: other users can read command lines. A server in development mode gives one by itself.',
  },
  'key-id': {
    type: 'string',
    value: 'ID',
    meaning: 'Use this key (AES or ChaCha20) rather than a new one. It is rotated too.',
  },
  keep: { type: 'boolean', meaning: 'Keep FILE.keystead.' },
  decrypt: { type: 'boolean', meaning: 'Decrypt what --keep has kept, to FILE.' },
} as const

/** What the program does, for a help text; `command` is how it is called. */
export function describeDemo(command: string): string {
  return `${command} FILE [options] takes any file, of any size, and
  1. makes a key in Keystead,
  2. gets a data key for the file: as it is, and wrapped by the key,
  3. encrypts the file here with the data key, to FILE.keystead, and erases the data key,
  4. rotates the key,
  5. has the data key unwrapped by Keystead, decrypts, and compares with FILE,
  6. removes what it has made.
FILE itself is only read. Without --url a server is started for the demo and removed at its end.

${command} --decrypt FILE.keystead --url URL [options] decrypts what --keep has kept, to FILE.

Exit status: 0 if all went well, 1 if not, 2 if the arguments are wrong.`
}

/** What `--help` prints. */
export const helpText = `Envelope encryption of a file with Keystead, step by step.

${describeDemo('npm run demo --')}

Options
${Object.entries(options).map(describeOption).join('\n')}
  --help           This text.
`

function describeOption([name, option]: [string, (typeof options)[keyof typeof options]]): string {
  const value = 'value' in option ? ` ${option.value}` : ''
  return `  ${`--${name}${value}`.padEnd(15)}  ${option.meaning}`
}

/** What the program is to do. */
export interface Arguments {
  readonly file: string
  readonly decrypt: boolean
  readonly keep: boolean
  readonly url: string | null
  readonly token: string | null
  readonly keyId: string | null
}

/** The arguments make no sense; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What was given on the command line. */
export interface Given {
  readonly file: string
  readonly url?: string | undefined
  readonly token?: string | undefined
  readonly 'key-id'?: string | undefined
  readonly keep?: boolean | undefined
  readonly decrypt?: boolean | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the command line. Null if only help is wanted.
 *
 * @throws UsageError
 */
export function readCommandLine(args: readonly string[], environment: Environment): Arguments | null {
  const { values, positionals } = parse(args)
  if (values.help === true) return null
  const [file, ...rest] = positionals
  if (file === undefined || file === '') throw new UsageError('Which file?')
  if (rest.length > 0) throw new UsageError('One file at a time, please.')
  return checkArguments({ ...values, file }, environment)
}

/**
 * What the program is to do, from what was given and the environment.
 *
 * @throws UsageError if the parts do not go together
 */
export function checkArguments(values: Given, environment: Environment): Arguments {
  const { file } = values
  const url = parseUrl(values.url ?? environment['KEYSTEAD_URL'] ?? '')
  const token = (values.token ?? environment['KEYSTEAD_TOKEN'] ?? '').trim()
  const decrypt = values.decrypt === true
  const keyId = values['key-id'] ?? null
  if (url === null) {
    if (values.token !== undefined) throw new UsageError('--token goes with --url: for which server is it?')
    if (keyId !== null) throw new UsageError('--key-id goes with --url: a new server has no keys.')
    if (decrypt) throw new UsageError('--decrypt goes with --url: the server that has the key.')
  }
  if (decrypt && keyId !== null) throw new UsageError('--decrypt needs no --key-id: the file names its key.')
  if (decrypt && values.keep === true) throw new UsageError('--decrypt always keeps both files.')
  if (decrypt && !/.\.keystead$/.test(file))
    throw new UsageError('--decrypt takes a file that ends in .keystead.')
  return {
    file: resolve(startFolder(environment), file),
    decrypt,
    keep: values.keep === true,
    url,
    token: token === '' ? null : token,
    keyId,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean' } },
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function parseUrl(text: string): string | null {
  if (text === '') return null
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username + url.password !== '') {
    throw new UsageError('--url must be an address such as http://127.0.0.1:4600')
  }
  return `${url.origin}${url.pathname}`.replace(/\/(graphql\/?)?$/, '')
}

/** npm changes into the folder of the package, but a file is meant relative to where one was. */
function startFolder(environment: Environment): string {
  const { INIT_CWD, npm_lifecycle_event } = environment
  return npm_lifecycle_event === 'demo' && INIT_CWD !== undefined ? INIT_CWD : process.cwd()
}
