import * as v from 'valibot'
import { callerKinds, roles as knownRoles } from '../keys/rules/caller.ts'
import { parseTemplate } from './template.ts'
import type {
  AudienceRule,
  ClaimPath,
  ClaimSource,
  Condition,
  ConstantSource,
  JoinSource,
  Source,
  TokenRule,
} from './token-rules.ts'

/** Most rules of one entry. */
const rulesMax = 50
/** Most items of the other lists, and members of a map. */
const itemsMax = 1000

type Schema<T> = v.GenericSchema<unknown, T>

/** A string with something in it. */
export const filledText = v.pipe(v.string(), v.minLength(1, 'must not be empty'))

/** A list of strings with something in them. */
export const textList = v.pipe(
  v.array(filledText),
  v.minLength(1, 'must not be empty'),
  v.maxLength(itemsMax, `must have at most ${itemsMax} items`),
)

const claimPath: Schema<ClaimPath> = v.lazy((input) =>
  Array.isArray(input)
    ? v.pipe(
        v.array(filledText),
        v.minLength(1, 'must have a step'),
        v.maxLength(8, 'must have at most 8 steps'),
      )
    : v.pipe(
        v.string('must be the name of a claim, or the list of the names of the steps to it'),
        v.minLength(1, 'must not be empty'),
        v.transform((name) => [name]),
      ),
) as Schema<ClaimPath>

const operators = [
  'equals',
  'startsWith',
  'endsWith',
  'contains',
  'present',
  'absent',
  'equalsClaim',
] as const

/** A condition: a claim and one operator. */
const condition: Schema<Condition> = v.pipe(
  v.strictObject({
    claim: claimPath,
    equals: v.optional(
      v.union([v.string(), v.number(), v.boolean()], 'must be a string, a number, true or false'),
    ),
    startsWith: v.optional(filledText),
    endsWith: v.optional(filledText),
    contains: v.optional(filledText),
    present: v.optional(v.literal(true, 'must be true')),
    absent: v.optional(v.literal(true, 'must be true')),
    equalsClaim: v.optional(claimPath),
  }),
  v.check(
    (given) => operators.filter((operator) => given[operator] !== undefined).length === 1,
    `must have exactly one of ${operators.join(', ')}`,
  ),
  v.transform(({ claim, ...given }): Condition => {
    if (given.equals !== undefined) return { claim, operator: 'equals', value: given.equals }
    if (given.equalsClaim !== undefined) return { claim, operator: 'equalsClaim', other: given.equalsClaim }
    for (const operator of ['startsWith', 'endsWith', 'contains'] as const) {
      const value = given[operator]
      if (value !== undefined) return { claim, operator, value }
    }
    return { claim, operator: given.present === true ? 'present' : 'absent' }
  }),
)

const template = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return parseTemplate(dataset.value)
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : 'must be a template' })
      return NEVER
    }
  }),
)

function claimSourceOf(value: Schema<string>): Schema<ClaimSource> {
  return v.pipe(
    v.strictObject({
      claim: claimPath,
      keys: v.optional(v.literal(true, 'must be true')),
      each: v.optional(filledText),
      separator: v.optional(filledText),
      template: v.optional(template),
      part: v.optional(filledText),
      startsWith: v.optional(filledText),
      cutPrefix: v.optional(filledText),
      only: v.optional(textList),
      map: v.optional(
        v.record(
          filledText,
          v.lazy((input) =>
            Array.isArray(input) ? v.pipe(v.array(value), v.minLength(1, 'must not be empty')) : value,
          ),
          'must be an object with a value for each string',
        ),
      ),
    }),
    v.check(
      ({ keys, each }) => keys === undefined || each === undefined,
      'must have at most one of keys and each',
    ),
    v.check(
      ({ template, part }) =>
        template === undefined
          ? part === undefined
          : part === undefined
            ? template.placeholders.length === 1
            : template.placeholders.includes(part),
      'must name with "part" one of the placeholders of "template", if there are several',
    ),
    v.transform(
      ({ claim, keys, each, separator, template, part, startsWith, cutPrefix, only, map }): ClaimSource => ({
        claim,
        keys: keys === true,
        each: each ?? null,
        separator: separator ?? null,
        template: template === undefined ? null : { template, part: part ?? template.placeholders[0] ?? '' },
        startsWith: startsWith ?? null,
        cutPrefix: cutPrefix ?? null,
        only: only ?? null,
        map: map === undefined ? null : new Map(Object.entries(map).map(([from, to]) => [from, [to].flat()])),
      }),
    ),
  )
}

function constantOf(value: Schema<string>): Schema<ConstantSource> {
  return v.pipe(
    value,
    v.transform((constant) => ({ constant })),
  )
}

function joinOf(value: Schema<string>): Schema<JoinSource> {
  const part = v.lazy((input) => (isObject(input) ? claimSourceOf(value) : constantOf(value))) as Schema<
    ConstantSource | ClaimSource
  >
  return v.strictObject({
    join: v.pipe(v.array(part), v.minLength(2, 'must have at least two parts')),
    separator: filledText,
  })
}

/** A source whose constants, and values in maps, are of a form. */
function sourceOf(value: Schema<string>): Schema<Source> {
  return v.lazy((input) => {
    if (typeof input === 'string') return constantOf(value)
    if (!isObject(input)) return v.string('must be a string, or an object with "claim" or "join"')
    return 'join' in input ? joinOf(value) : claimSourceOf(value)
  }) as Schema<Source>
}

/** One source, or a list of sources whose values are put together. */
function sourcesOf(value: Schema<string>): Schema<readonly Source[]> {
  return v.lazy((input) =>
    Array.isArray(input)
      ? v.pipe(v.array(sourceOf(value)), v.maxLength(itemsMax, `must have at most ${itemsMax} items`))
      : v.pipe(
          sourceOf(value),
          v.transform((source) => [source]),
        ),
  ) as Schema<readonly Source[]>
}

const kind = v.picklist(callerKinds, `must be one of ${callerKinds.join(', ')}`)
const role = v.picklist(knownRoles, `must be one of ${knownRoles.join(', ')}`)

/** Source of one value. */
export const textSource = sourceOf(filledText)
/** Source of a kind of caller. */
export const kindSource = sourceOf(kind as Schema<string>)
/** Sources of names. */
export const textSources = sourcesOf(filledText)
/** Sources of roles. Constants and values of maps must be roles of Keystead. */
export const roleSources = sourcesOf(role as Schema<string>)
/** Kinds that an entry may speak for. */
export const kindList = v.pipe(v.array(kind), v.minLength(1, 'must not be empty'))

const audienceRule: Schema<AudienceRule> = v.pipe(
  v.strictObject({ claim: claimPath, values: textList, ignoreAud: v.optional(v.boolean()) }),
  v.transform(({ claim, values, ignoreAud }) => ({ claim, values, ignoreAud: ignoreAud === true })),
)

const rule: Schema<TokenRule> = v.pipe(
  v.strictObject({
    when: v.optional(v.pipe(v.array(condition), v.minLength(1, 'must not be empty'))),
    audience: v.optional(audienceRule),
    project: textSource,
    subject: textSource,
    kind: kindSource,
    displayName: v.optional(textSources),
    groups: v.optional(textSources),
    roles: v.optional(roleSources),
    prefixNames: v.optional(v.boolean()),
  }),
  v.check(
    ({ audience, when = [] }) => audience === undefined || when.some(({ operator }) => operator === 'equals'),
    'must have a condition with "equals" on the type of the token, since it takes the audience from another claim than "aud"',
  ),
  v.check(
    ({ prefixNames, kind }) =>
      prefixNames !== true || !('constant' in kind && kind.constant === 'SERVICE_AGENT'),
    'must not prefix names of service agents, which hold no "/"',
  ),
  v.transform(
    ({ when, audience, displayName, groups, roles, prefixNames, ...rest }): TokenRule => ({
      ...rest,
      when: when ?? [],
      audience: audience ?? null,
      displayName: displayName ?? [],
      groups: groups ?? [],
      roles: roles ?? [],
      prefixNames: prefixNames === true,
    }),
  ),
)

/** The rules of an entry. A rule after one without conditions could never match. */
export const ruleList: Schema<readonly TokenRule[]> = v.pipe(
  v.array(rule),
  v.minLength(1, 'must have a rule'),
  v.maxLength(rulesMax, `must have at most ${rulesMax} rules`),
  v.check(
    (rules) => rules.slice(0, -1).every(({ when }) => when.length > 0),
    'must have conditions ("when") in each rule but the last: the first that matches counts',
  ),
)

/** Thrown for a value that does not fit a schema. The message names the place. */
export class SchemaError extends TypeError {}

/** Parses a value with a schema. `place` is the path to the value, for the error; empty for a whole file. */
export function parseWith<T>(schema: Schema<T>, value: unknown, place: string): T {
  const result = v.safeParse(schema, value, { abortPipeEarly: true })
  if (result.success) return result.output
  throw new SchemaError(describeIssue(result.issues[0], place))
}

function describeIssue(issue: v.BaseIssue<unknown>, place: string): string {
  const keys = (issue.path ?? []).map(({ key }) => key)
  const at = placeOf(place, keys)
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `${placeOf(place, keys.slice(0, -1)) || 'the file'} must not have a member ${JSON.stringify(keys.at(-1))}`
  }
  const whole = at === '' ? 'the file' : at
  if (issue.received === 'undefined' && issue.kind === 'schema') return `${whole} is missing`
  // Texts of our own begin with "must". The library's own contain what it has received.
  return `${whole} ${issue.message.startsWith('must') ? issue.message : (expectations[issue.type] ?? 'is invalid')}`
}

const expectations: Readonly<Record<string, string>> = {
  string: 'must be a string',
  number: 'must be a number',
  boolean: 'must be true or false',
  array: 'must be a list',
  strict_object: 'must be an object',
  record: 'must be an object',
}

function placeOf(place: string, keys: readonly unknown[]): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`
    const name = String(key)
    const isPlain = /^[A-Za-z]\w*$/.test(name)
    return isPlain ? `${path}${path === '' ? '' : '.'}${name}` : `${path}[${JSON.stringify(name)}]`
  }, place)
}

function isObject(input: unknown): input is object {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
