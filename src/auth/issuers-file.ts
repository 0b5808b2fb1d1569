import { readFileSync } from 'node:fs'
import { type Config, settings } from '../config.ts'
import type { CallerKind } from '../keys/rules/caller.ts'
import type { ClaimNames } from './claims.ts'
import { readEntries } from './entries.ts'
import { IssuersFileError } from './errors.ts'
import { plainLocation } from './key-lookup.ts'
import type { ListedIssuer } from './trusted-issuer.ts'

const issuersMax = 20
const callerKinds: readonly CallerKind[] = ['USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT']
const claimSettings = {
  project: 'AUTH_CLAIM_PROJECT',
  roles: 'AUTH_CLAIM_ROLES',
  groups: 'AUTH_CLAIM_GROUPS',
  kind: 'AUTH_CLAIM_KIND',
  subject: 'AUTH_CLAIM_SUBJECT',
} as const
const members = [
  'issuer',
  'audience',
  'jwksUrl',
  'jwksFile',
  'algorithms',
  'tokenProfile',
  'claims',
  'projects',
  'kinds',
]

/** The issuers of a file, and the form that it is written in. */
export interface IssuersFile {
  readonly form: 'claims' | 'rules'
  readonly issuers: readonly ListedIssuer[]
}

/**
 * Reads the issuers of AUTH_ISSUERS_FILE: of the form with rules ("version": 2), or of the first form. In that one, members that an entry leaves out come from the settings, except its name,
 * audience and keys. Unknown members are refused, so that a misspelt restriction is noticed.
 *
 * @throws IssuersFileError that names the entry and the member
 */
export function readIssuersFile(path: string, config: Config): IssuersFile {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new IssuersFileError(`the file ${path} (AUTH_ISSUERS_FILE) cannot be read as JSON`)
  }
  try {
    if (isObject(content) && Object.hasOwn(content, 'version')) {
      return { form: 'rules', issuers: readEntries(content, config) }
    }
    return { form: 'claims', issuers: readContent(content, config) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new IssuersFileError(`the file ${path} (AUTH_ISSUERS_FILE) is invalid: ${error.message}`)
  }
}

function readContent(content: unknown, config: Config): readonly ListedIssuer[] {
  const { issuers } = readObject(content, 'the file', ['issuers'])
  if (!Array.isArray(issuers) || issuers.length === 0 || issuers.length > issuersMax) {
    throw new TypeError(`"issuers" must be a list of 1 to ${issuersMax} issuers`)
  }
  const listed = issuers.map((entry, index) => readEntry(entry, index, config))
  const names = [config.AUTH_ISSUER, ...listed.map(({ issuer }) => issuer)]
  const twice = names.find((name, index) => name !== null && names.indexOf(name) !== index)
  if (twice !== undefined) throw new TypeError(`the issuer ${twice} is listed twice`)
  return listed
}

function readEntry(value: unknown, index: number, config: Config): ListedIssuer {
  const path = `issuers[${index}]`
  const entry = readObject(value, path, members)
  const at = (member: string) => `${path}.${member}`
  const jwksUrl = entry['jwksUrl'] === undefined ? null : readString(entry['jwksUrl'], at('jwksUrl'))
  const jwksFile = entry['jwksFile'] === undefined ? null : readString(entry['jwksFile'], at('jwksFile'))
  if ((jwksUrl === null) === (jwksFile === null)) {
    throw new TypeError(`${path} must have exactly one of jwksUrl and jwksFile`)
  }
  const algorithms =
    entry['algorithms'] === undefined ? null : readStrings(entry['algorithms'], at('algorithms'))
  const profile =
    entry['tokenProfile'] === undefined ? null : readString(entry['tokenProfile'], at('tokenProfile'))
  return {
    // The first form has no names.
    name: path,
    issuer: readString(entry['issuer'], at('issuer')),
    trustDomain: null,
    audiences: [readString(entry['audience'], at('audience'))],
    acceptsIdTokens: true,
    lifetimeMinutesMax: null,
    ...plainLocation({
      jwksUrl: jwksUrl && withPath(at('jwksUrl'), () => settings.AUTH_JWKS_URL.parse(jwksUrl)),
      jwksFile,
    }),
    algorithms: algorithms
      ? withPath(at('algorithms'), () => settings.AUTH_ALGORITHMS.parse(algorithms.join(',')))
      : config.AUTH_ALGORITHMS,
    profile: profile
      ? withPath(at('tokenProfile'), () => settings.AUTH_TOKEN_PROFILE.parse(profile))
      : config.AUTH_TOKEN_PROFILE,
    reading: { claims: readClaims(entry['claims'], at('claims'), config) },
    projects: entry['projects'] === undefined ? null : readStrings(entry['projects'], at('projects')),
    kinds: entry['kinds'] === undefined ? null : readKinds(entry['kinds'], at('kinds')),
  }
}

function readClaims(value: unknown, path: string, config: Config): ClaimNames {
  const given = value === undefined ? {} : readObject(value, path, Object.keys(claimSettings))
  const names: ClaimNames = config
  return Object.fromEntries(
    Object.entries(claimSettings).map(([claim, setting]) => [
      setting,
      given[claim] === undefined ? names[setting] : readString(given[claim], `${path}.${claim}`),
    ]),
  ) as ClaimNames
}

function readKinds(value: unknown, path: string): readonly CallerKind[] {
  const given = readStrings(value, path)
  if (given.some((each) => !callerKinds.some((kind) => kind === each))) {
    throw new TypeError(`${path} must list some of ${callerKinds.join(', ')}`)
  }
  return callerKinds.filter((kind) => given.includes(kind))
}

function readObject(value: unknown, path: string, known: readonly string[]): Record<string, unknown> {
  if (!isObject(value)) {
    throw new TypeError(`${path} must be an object with some of ${known.join(', ')}`)
  }
  const unknown = Object.keys(value).find((member) => !known.includes(member))
  if (unknown !== undefined) throw new TypeError(`${path} must not have a member ${JSON.stringify(unknown)}`)
  return value as Record<string, unknown>
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readStrings(value: unknown, path: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw new TypeError(`${path} must be a list of strings`)
  return value.map((each, index) => readString(each, `${path}[${index}]`))
}

function readString(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${path} must be a string`)
  return value
}

function withPath<T>(path: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new TypeError(`${path} ${error instanceof Error ? error.message : 'cannot be read'}`)
  }
}
