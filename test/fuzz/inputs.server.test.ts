import {
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'
import { absent, type InputPlace, inputPlaces, type KnownIds, literalOf } from './input-places.ts'

const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const service: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_MANAGER'] }

/** Whoever finds this in an error has found a value. */
const needle = 'needle-in-a-value'
const needleDigits = 987_654_321_098_765

const nested = (depth: number): unknown => (depth === 0 ? needle : [nested(depth - 1)])

/** What can stand in place of any value. */
const values: Readonly<Record<string, unknown>> = {
  null: null,
  'no value': absent,
  'an empty text': '',
  text: needle,
  'text with NUL': `${needle}\u0000`,
  NUL: '\u0000',
  'a subject with NUL': `user:${needle}\u0000`,
  'half a surrogate pair': `${needle}\ud800`,
  'long text': `${needle}${'A'.repeat(5000)}`,
  'text like a path': `" at "input"; ${needle}`,
  zero: 0,
  'a negative number': -1,
  'a number of 33 bits': 2 ** 32,
  'a long number': needleDigits,
  'a fraction': 1.5,
  'a huge number': 1e308,
  true: true,
  'an empty list': [],
  'a list of text': [needle],
  'a list of null': [null],
  'lists in lists': nested(50),
  'an empty object': {},
  'an object': { unknown: needle },
  'an object of __proto__': JSON.parse(`{"__proto__": {"id": "${needle}"}, "constructor": "${needle}"}`),
  'year 0': '0000-01-01T00:00:00Z',
  'year 10000': '9999-12-31T23:59:59-23:59',
  'a day that is none': '2026-02-30T00:00:00Z',
  'base64 that is cut': 'bmVlZGxlLWluLWEtdmFsdW',
  'an ID of nothing': 'ukey_00000000000000000000000000',
  'an ID of too large a number': 'ukey_zzzzzzzzzzzzzzzzzzzzzzzzzz',
}

/** Those that are read in another way where they stand in the document. */
const literals: ReadonlySet<string> = new Set([
  ...['null', 'no value', 'text', 'text with NUL', 'half a surrogate pair', 'long text', 'text like a path'],
  ...['a number of 33 bits', 'a long number', 'a list of null', 'lists in lists', 'an object', 'year 0'],
])

const places = inputPlaces()

interface Sent {
  readonly what: string
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  /** What the request holds as values. */
  readonly given: unknown
}

/** The place with each value: in a variable that is the argument, and in the document itself. */
function requestsFor(place: InputPlace, ids: KnownIds): readonly Sent[] {
  return Object.entries(values).flatMap(([name, value]): Sent[] => {
    const argument = place.argumentWith(value, ids)
    const definition =
      argument === absent && isNonNullType(place.argumentType) ? 'String' : place.argumentType
    const inVariable: Sent = {
      what: `${name} in a variable`,
      query: place.document('$v', `($v: ${definition})`, ids),
      variables: argument === absent ? {} : { v: argument },
      given: argument,
    }
    if (!literals.has(name)) return [inVariable]
    const text = argument === absent ? '' : literalOf(argument, null)
    const inDocument: Sent = {
      what: `${name} in the document`,
      query: place.document(text, '', ids),
      variables: {},
      given: argument,
    }
    return [inVariable, inDocument]
  })
}

/** The place as a variable that may be null, with and without a default: where validation lets pass what is too late. */
function nullableRequestsFor(place: InputPlace, ids: KnownIds): readonly Sent[] {
  const type = String(getNullableType(place.type))
  const argument = literalOf(place.argumentWith('$v', ids), null)
  const defaults = ['', ` = ${defaultOf(place.type)}`]
  return defaults.flatMap((value) =>
    [{}, { v: null }].map((variables) => ({
      what: `${JSON.stringify(variables)} for a variable${value}`,
      query: place.document(argument, `($v: ${type}${value})`, ids),
      variables,
      given: null,
    })),
  )
}

/** A value for a default that validation lets pass. */
function defaultOf(type: GraphQLInputType): string {
  const nullable = getNullableType(type)
  if (isListType(nullable)) return '[]'
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name ?? ''
  if (isInputObjectType(nullable)) return 'null'
  const texts: Record<string, string> = { Int: '1', Boolean: 'true', Base64: '"aGVsbG8="', _Any: '{}' }
  return texts[nullable.name] ?? (nullable.name === 'DateTime' ? '"2026-01-01T00:00:00Z"' : '"text"')
}

/** Texts and numbers of 12 characters or more in a value. Texts of a request that are names of the schema are none. */
function longValuesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.length >= 12 ? [value] : []
  if (typeof value === 'number') return String(value).length >= 12 ? [String(value)] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(longValuesIn) : []
}

/** The texts of all errors in an answer, wherever they stand. */
function errorsIn(answer: unknown): readonly string[] {
  if (typeof answer !== 'object' || answer === null) return []
  const { errors, code, message, issues } = answer as Record<string, unknown>
  const own = [errors, code === undefined ? undefined : [code, message, issues]]
  return [
    ...own.flatMap((part) => (part === undefined ? [] : [JSON.stringify(part)])),
    ...Object.values(answer).flatMap(errorsIn),
  ]
}

describe.skipIf(hasNoDatabase())('whatever stands in place of a value', () => {
  let story: Story
  let keys = 0
  beforeAll(async () => {
    story = await startStory({ RATE_LIMIT_UNITS: '100000000', SUBSCRIPTIONS_PER_CALLER_MAX: '50' })
  })
  afterAll(() => endStory(story))

  // The clock stands still, so that a token serves for the whole file.
  const tokens = new Map<Person, Promise<string>>()
  function tokenFor(person: Person): Promise<string> {
    const token = tokens.get(person) ?? story.tokenFor(person)
    tokens.set(person, token)
    return token
  }

  async function makeKey(): Promise<KnownIds> {
    keys += 1
    const { userKey } = await story
      .as(admin)
      .mutate('createUserKey', { name: `k${keys}` }, 'userKey { id defaultVersion { id } }')
    return { keyId: userKey.id, versionId: userKey.defaultVersion.id }
  }

  /** The answer; of a stream, its first event. */
  async function answerTo({ query, variables }: Sent, person: Person): Promise<string> {
    const isStream = query.startsWith('subscription')
    const leaving = new AbortController()
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenFor(person)}`,
        'content-type': 'application/json',
        accept: isStream ? 'text/event-stream' : 'application/graphql-response+json',
      },
      body: JSON.stringify({ query, variables }),
      signal: leaving.signal,
    })
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text()
    let text = ''
    let found = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const [, data] = /^data: (.*)$/m.exec(text) ?? []
      if (data === undefined) continue
      found = data
      break
    }
    leaving.abort()
    return found
  }

  it('finds every argument of the schema', () => {
    const names = places.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(250)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(
      expect.arrayContaining([
        'Query.userKeys(filter).algorithm.0',
        'Query._entities(representations).0',
        'UserKey.auditEvents(before)',
        'KeyVersion.usageByCaller(days)',
        'Mutation.createUserKey(input).accessControl.allowedSubjects.0',
        'Mutation.reEncryptBatch(input).items.0.ciphertext',
        'Mutation.verifyBatch(input).items.0.version.number',
        'Query.destroyImpact(version).id',
        'Subscription.keyEvents(key)',
      ]),
    )
  })

  const fields = Map.groupBy(places, ({ name }) => name.slice(0, name.indexOf('(')))
  it.each([...fields])('of %s, no error is INTERNAL, and none shows a value', async (field, of) => {
    const person = /Service(?:Data)?Key$/.test(field) && field.startsWith('Mutation') ? service : admin
    for (const place of of) {
      // A key of its own: whatever happens to it does not make the next place easier.
      const ids = await makeKey()
      const requests = [...requestsFor(place, ids), ...nullableRequestsFor(place, ids)]
      const texts = await Promise.all(requests.map((sent) => answerTo(sent, person)))
      for (const [index, sent] of requests.entries()) {
        const text = texts[index] ?? ''
        const said = `${place.name}: ${sent.what}\n${sent.query}\n${text}`
        const errors = errorsIn(JSON.parse(text))
        for (const error of errors) {
          expect(error, said).not.toMatch(/"(INTERNAL|UNAVAILABLE)"/)
          for (const value of longValuesIn(sent.given)) expect(error, said).not.toContain(value)
          expect(error, said).not.toContain(needle)
        }
      }
    }
    expect(story.logged.filter((line) => line.includes('"level":50') || line.includes(needle))).toEqual([])
  })

  it('is refused where it is not of the type, also where null is found out late', async () => {
    const ids = await makeKey()
    const sent = places
      .filter(({ type }) => isNonNullType(type))
      .flatMap((place) => nullableRequestsFor(place, ids))
      .filter(({ what }) => what.startsWith('{"v":null}'))
    await Promise.all(
      sent.map(async (each) =>
        expect(errorsIn(JSON.parse(await answerTo(each, admin))), each.query).not.toEqual([]),
      ),
    )
  })
})
