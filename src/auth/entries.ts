import * as v from 'valibot'
import { type Config, settings } from '../config.ts'
import { discoveryUrlsOf } from './discovery.ts'
import { expandPreset } from './presets.ts'
import { filledText, kindList, parseWith, ruleList, SchemaError, textList } from './rules-schema.ts'
import type { ListedIssuer } from './trusted-issuer.ts'

const entriesMax = 50

const entryName = v.pipe(
  v.string(),
  v.regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    'must have 1 to 32 lowercase letters, digits and "-", and begin with a letter',
  ),
)

/** A URL with the rules of AUTH_JWKS_URL. */
const httpsUrl = v.pipe(
  v.string(),
  v.check((url) => isHttpsUrl(url), 'must be an https URL, or an http URL of a loopback address'),
)

const algorithms = v.pipe(
  textList,
  v.check(
    (names) => isAccepted(() => settings.AUTH_ALGORITHMS.parse(names.join(','))),
    'must list signature algorithms such as RS256; "none" and HMAC are never accepted',
  ),
)

const entry = v.pipe(
  v.strictObject({
    name: entryName,
    issuer: v.optional(filledText),
    trustDomain: v.optional(filledText),
    audiences: v.optional(textList),
    algorithms: v.optional(algorithms),
    tokens: v.optional(v.picklist(['access', 'rfc9068', 'id'], 'must be one of access, rfc9068, id')),
    lifetimeMinutesMax: v.optional(
      v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1')),
    ),
    jwksUrl: v.optional(httpsUrl),
    jwksFile: v.optional(filledText),
    discoveryUrl: v.optional(httpsUrl),
    caFile: v.optional(filledText),
    bearerTokenFile: v.optional(filledText),
    projects: v.optional(textList),
    kinds: v.optional(kindList),
    rules: ruleList,
  }),
  v.check(
    ({ issuer, trustDomain }) => (issuer === undefined) !== (trustDomain === undefined),
    'must have exactly one of issuer and trustDomain',
  ),
  v.check(
    ({ jwksUrl, jwksFile, discoveryUrl }) =>
      [jwksUrl, jwksFile, discoveryUrl].filter((each) => each !== undefined).length <= 1,
    'must have at most one of jwksUrl, jwksFile and discoveryUrl; without one, the keys are discovered from issuer',
  ),
  v.check(
    ({ issuer, jwksUrl, jwksFile, discoveryUrl }) =>
      [jwksUrl, jwksFile, discoveryUrl].some((each) => each !== undefined) || isHttpsUrl(issuer ?? ''),
    'must have jwksUrl, jwksFile or discoveryUrl, since issuer is no https URL to discover the keys from',
  ),
  v.check(
    ({ discoveryUrl, issuer }) => discoveryUrl === undefined || issuer !== undefined,
    'must have issuer to use discoveryUrl, since the discovery document has to name it',
  ),
  v.check(
    ({ jwksFile, caFile, bearerTokenFile }) =>
      jwksFile === undefined || (caFile === undefined && bearerTokenFile === undefined),
    'must not have caFile and bearerTokenFile together with jwksFile',
  ),
  v.check(
    ({ audiences, rules }) => audiences !== undefined || rules.every(({ audience }) => audience !== null),
    'must have audiences, unless each rule has an audience of its own',
  ),
)

const file = v.strictObject({
  version: v.literal(2, 'must be 2'),
  issuers: v.pipe(
    v.array(v.unknown()),
    v.minLength(1, 'must have an entry'),
    v.maxLength(entriesMax, `must have at most ${entriesMax} entries`),
  ),
})

/**
 * Reads the entries of an issuers file of the form with rules.
 *
 * @throws SchemaError that names the place
 */
export function readEntries(content: unknown, config: Config): readonly ListedIssuer[] {
  const { issuers } = parseWith(file, content, '')
  const entries = issuers.map((given, index) => {
    const place = `issuers[${index}]`
    return listedOf(parseWith(entry, expandPreset(given, place), place), config)
  })
  const names = entries.map(({ name }) => name)
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index)
  if (twice >= 0) throw new SchemaError(`issuers[${twice}].name is the name of another entry`)
  return entries
}

function listedOf(given: v.InferOutput<typeof entry>, config: Config): ListedIssuer {
  const { name, issuer, trustDomain, audiences, rules, projects, kinds, lifetimeMinutesMax, tokens } = given
  const { jwksUrl, jwksFile, discoveryUrl, caFile, bearerTokenFile } = given
  const isDiscovered = jwksUrl === undefined && jwksFile === undefined
  return {
    name,
    issuer: issuer ?? null,
    trustDomain: trustDomain ?? null,
    audiences: audiences ?? [],
    algorithms: given.algorithms ?? config.AUTH_ALGORITHMS,
    profile: tokens === 'rfc9068' ? 'rfc9068' : 'generic',
    acceptsIdTokens: tokens === 'id',
    lifetimeMinutesMax: lifetimeMinutesMax ?? null,
    reading: { rules },
    projects: projects ?? null,
    kinds: kinds ?? null,
    jwksUrl: jwksUrl ?? null,
    jwksFile: jwksFile ?? null,
    discoveryUrls: !isDiscovered
      ? null
      : discoveryUrl === undefined
        ? discoveryUrlsOf(issuer ?? '')
        : [discoveryUrl],
    caFile: caFile ?? null,
    bearerTokenFile: bearerTokenFile ?? null,
  }
}

function isHttpsUrl(url: string): boolean {
  return url !== '' && isAccepted(() => settings.AUTH_JWKS_URL.parse(url))
}

function isAccepted(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}
