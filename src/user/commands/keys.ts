import {
  enumValues,
  type KeysteadClient,
  type KeyVersionStatus,
  type ListedUserKey,
  type UserKey,
} from '../../../packages/client/src/index.ts'
import { CommandError, exitCodes, UsageError, type Values } from '../../command-line/command.ts'
import { connect, connectionOptions, jsonOption } from '../connect.ts'
import { keyColumns, keyFacts, keyJson, keyRow, numberOf, pairsOf } from '../key-texts.ts'
import { factLines, jsonText, shown, tableLines } from '../shown-text.ts'
import { defineUserCommand, type UserContext } from '../user-command.ts'

const { KeyAlgorithm: keyAlgorithms, KeyStatus: keyStatuses, KeyUsage: keyUsages } = enumValues

/** The positional argument of a key. */
const keyOption = {
  key: {
    type: 'string',
    value: 'KEY',
    bare: true,
    required: true,
    meaning: 'The key: its name, alias or ID.',
  },
} as const

const pageSizeMax = 200
const cycleDays = { min: 1, max: 1095 } as const

const listOptions = {
  status: {
    type: 'string',
    value: 'STATUS',
    many: true,
    choices: keyStatuses,
    meaning: `Only keys in this state: ${keyStatuses.join(', ')}. May be repeated.`,
  },
  search: {
    type: 'string',
    value: 'TEXT',
    meaning: 'Only keys with this text in their name, description, aliases or labels.',
  },
  label: {
    type: 'string',
    value: 'NAME[=VALUE]',
    many: true,
    meaning: 'Only keys with this label. May be repeated.',
  },
  limit: { type: 'string', value: 'NUMBER', meaning: 'At most so many keys; 100 if not given.' },
  all: { type: 'boolean', meaning: 'All keys, in place of --limit.' },
  after: { type: 'string', value: 'CURSOR', meaning: 'Goes on after this one, which the last list named.' },
  ...jsonOption,
  ...connectionOptions,
} as const

/** `keystead keys list`. */
const listKeys = defineUserCommand({
  path: ['keys', 'list'],
  summary: 'Lists the keys of your project, by name.',
  help: `
Filters leave out keys that you have no access to, except --search for their names. In a narrow terminal the last columns
are left out; a pipe gets all of them.

Examples:
  keystead keys list --status ACTIVE --label team=payments
  keystead keys list --all --json | jq -r '.keys[].name'`,
  options: listOptions,
  async carryOut(context) {
    const { options, print, progress, terminal } = context
    if (options.all && options.limit !== undefined)
      throw new UsageError('--all and --limit exclude each other.')
    const limit = options.all
      ? Number.POSITIVE_INFINITY
      : numberOf('limit', options.limit ?? '100', { min: 1, max: 100_000 })
    const { client } = await connect(context)
    const { keys, nextCursor } = await readKeys(client, limit, context)
    if (options.json) {
      await print(jsonText({ keys: keys.map(keyJson), nextCursor }))
      return exitCodes.fine
    }
    if (keys.length === 0) await progress('No keys.')
    else for (const line of tableLines(keyColumns, keys.map(keyRow), terminal.columns)) await print(line)
    if (nextCursor !== null) await progress(`There are more: --after ${shown(nextCursor)}, or --all.`)
    return exitCodes.fine
  },
})

async function readKeys(
  client: KeysteadClient,
  limit: number,
  { options, signal }: UserContext<Values<typeof listOptions>>,
): Promise<{ keys: readonly ListedUserKey[]; nextCursor: string | null }> {
  const { status, search, label } = options
  const labels = label.map((text) => {
    const [name = '', ...value] = text.split('=')
    return value.length === 0 ? { name } : { name, value: value.join('=') }
  })
  const filter = {
    ...(status.length > 0 && { status: keyStatuses.filter((each) => status.includes(each)) }),
    ...(search !== undefined && { search }),
    ...(labels.length > 0 && { labels }),
  }
  const keys: ListedUserKey[] = []
  let after = options.after ?? null
  for (;;) {
    const first = Math.min(pageSizeMax, limit - keys.length)
    const orderBy = { field: 'NAME', direction: 'ASC' } as const
    const { nodes, pageInfo } = await client.userKeys({ first, after, filter, orderBy }, { signal })
    keys.push(...nodes)
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    if (after === null || keys.length >= limit) return { keys, nextCursor: after }
  }
}

/** A version, as the document below selects it. */
interface Version {
  readonly id: string
  readonly number: number
  readonly versionStatus: KeyVersionStatus
  readonly isDefault: boolean
  readonly createdAt: string
  readonly destroyScheduledFor: string | null
  readonly lastUsedAt: string | null
}

const versionsDocument = `query ($key: KeyRef!, $after: String) {
  userKey(key: $key) {
    versions(first: 100, after: $after) {
      nodes { id number versionStatus isDefault createdAt destroyScheduledFor lastUsedAt }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

interface VersionsAnswer {
  readonly userKey: {
    readonly versions: {
      readonly nodes: readonly Version[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    } | null
  } | null
}

/** Reads all versions of a key, newest first; none of a key that is redacted. */
export async function readVersions(
  client: KeysteadClient,
  key: string,
  signal: AbortSignal,
): Promise<readonly Version[]> {
  const versions: Version[] = []
  let after: string | null = null
  do {
    const answer: VersionsAnswer = await client.request(versionsDocument, { key, after }, { signal })
    const page = answer.userKey?.versions ?? null
    if (page === null) break
    versions.push(...page.nodes)
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
  } while (after !== null)
  return versions.toSorted((one, other) => other.number - one.number)
}

/** Reads a key. */
export async function readKey(client: KeysteadClient, key: string, signal: AbortSignal): Promise<UserKey> {
  const found = await client.userKey({ key }, { signal })
  if (found !== null) return found
  throw new CommandError(`There is no key ${shown(key)} in your project. See: keystead keys list`)
}

/** `keystead keys show`. */
const showKey = defineUserCommand({
  path: ['keys', 'show'],
  summary: 'Shows a key with its versions.',
  help: `
A key that you have no access to shows what everybody in the project sees.

Example:
  keystead keys show orders`,
  options: { ...keyOption, ...jsonOption, ...connectionOptions },
  async carryOut(context) {
    const { options, print, signal, terminal } = context
    const { client } = await connect(context)
    const key = await readKey(client, options.key, signal)
    const versions = await readVersions(client, options.key, signal)
    if (options.json) {
      const listed = versions.map((version) => ({
        id: version.id,
        number: version.number,
        status: version.versionStatus,
        isDefault: version.isDefault,
        createdAt: version.createdAt,
        destroyScheduledFor: version.destroyScheduledFor,
        lastUsedAt: version.lastUsedAt,
      }))
      await print(jsonText({ ...keyJson(key), versions: key.viewerCanAccess ? listed : null }))
      return exitCodes.fine
    }
    for (const line of factLines(keyFacts(key))) await print(line)
    if (versions.length === 0) return exitCodes.fine
    await print('')
    const rows = versions.map((version) => [
      `${version.number}${version.isDefault ? ' (default)' : ''}`,
      version.versionStatus,
      version.createdAt,
      version.lastUsedAt ?? '–',
      version.destroyScheduledFor ?? '–',
    ])
    const columns = ['VERSION', 'STATUS', 'CREATED', 'LAST USED', 'DESTROYED AT'].map((title) => ({
      title,
      widthMin: title.length,
    }))
    for (const line of tableLines(columns, rows, terminal.columns)) await print(line)
    return exitCodes.fine
  },
})

/** `keystead keys create`. */
const createKey = defineUserCommand({
  path: ['keys', 'create'],
  summary: 'Creates a key.',
  help: `
Prints the ID of the new key.

Examples:
  keystead keys create orders --rotate-every 90
  keystead keys create releases --algorithm ED25519 --description "Signs releases"`,
  options: {
    name: {
      type: 'string',
      value: 'NAME',
      bare: true,
      required: true,
      meaning: 'Its name: letters, digits, "-" and "_", with a lowercase letter or a digit first.',
    },
    algorithm: {
      type: 'string',
      value: 'ALGORITHM',
      choices: keyAlgorithms,
      meaning: `Its algorithm; AES_256_GCM if not given. There are ${keyAlgorithms.join(', ')}.`,
    },
    usage: {
      type: 'string',
      value: 'USAGE',
      choices: keyUsages,
      meaning: `Its usage, where the algorithm has several: ${keyUsages.join(', ')}.`,
    },
    'rotate-every': {
      type: 'string',
      value: 'DAYS',
      meaning: `Rotates it by itself, every ${cycleDays.min} to ${cycleDays.max} days.`,
    },
    description: { type: 'string', value: 'TEXT', meaning: 'A description for people.' },
    label: { type: 'string', value: 'NAME=VALUE', many: true, meaning: 'A label. May be repeated.' },
    'access-control': {
      type: 'boolean',
      meaning: 'Only you see and use it, until you put others on its access list.',
    },
    ...jsonOption,
    ...connectionOptions,
  },
  async carryOut(context) {
    const { options, print, progress, signal } = context
    const { algorithm, usage, description } = options
    const every = options['rotate-every']
    const labels = Object.entries(pairsOf('label', options.label)).map(([name, value]) => ({ name, value }))
    const input = {
      name: options.name,
      ...(algorithm !== undefined && { algorithm: oneOf(keyAlgorithms, algorithm) }),
      ...(usage !== undefined && { usage: oneOf(keyUsages, usage) }),
      ...(description !== undefined && { description }),
      ...(labels.length > 0 && { labels }),
      ...(every !== undefined && {
        automaticRotation: { enabled: true, cycleDays: numberOf('rotate-every', every, cycleDays) },
      }),
      ...(options['access-control'] && { accessControl: { enabled: true } }),
    }
    const { client } = await connect(context)
    const { userKey } = await client.createUserKey(input, { signal })
    if (options.json) {
      await print(jsonText(keyJson(userKey)))
      return exitCodes.fine
    }
    await progress(`The key ${shown(userKey.name)} was created.`)
    await print(shown(userKey.id))
    return exitCodes.fine
  },
})

function oneOf<Name extends string>(names: readonly Name[], text: string): Name {
  const name = names.find((each) => each === text)
  if (name === undefined) throw new TypeError('the choices were checked')
  return name
}

/** `keystead keys rotate`. */
const rotateKey = defineUserCommand({
  path: ['keys', 'rotate'],
  summary: 'Gives a key a new version, which protects new data from then on.',
  help: `
Older versions still open what they have protected. Asks first, unless --yes is given. A key that somebody else rotated
in the meantime is not rotated again.

Example:
  keystead keys rotate orders --yes`,
  options: {
    ...keyOption,
    yes: { type: 'boolean', meaning: 'Does not ask.' },
    ...jsonOption,
    ...connectionOptions,
  },
  async carryOut(context) {
    const { options, print, progress, signal, terminal } = context
    if (!options.yes && terminal.ask === null) {
      throw new UsageError('Without a terminal the command cannot ask. Give --yes.')
    }
    const { client } = await connect(context)
    const key = await readKey(client, options.key, signal)
    if (!options.yes && terminal.ask !== null) {
      const isAsymmetric = key.type === 'ASYMMETRIC' ? ' Its public key changes.' : ''
      const question = `Rotate the key ${shown(key.name)}, now at version ${shown(String(key.defaultVersion?.number ?? '–'))}?${isAsymmetric} [y/N] `
      const answer = await terminal.ask(question, signal)
      if (!/^y(es)?$/i.test(answer.trim())) {
        await progress('Nothing was changed.')
        return exitCodes.failed
      }
    }
    const { defaultVersion } = key
    const input = {
      key: options.key,
      ...(defaultVersion !== null && { expectedDefaultVersionNumber: defaultVersion.number }),
    }
    const { userKey, version } = await client.rotateUserKey(input, { signal })
    if (options.json) await print(jsonText(keyJson(userKey)))
    else
      await progress(`The key ${shown(userKey.name)} has the new version ${shown(String(version.number))}.`)
    return exitCodes.fine
  },
})

/** Commands about keys. */
export const keyCommands = [listKeys, showKey, createKey, rotateKey]
