import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import { type App, type AppOptions, createApp } from '../../src/app.ts'
import type { Clock } from '../../src/clock.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { CallerKind, Role } from '../../src/keys/rules/caller.ts'
import { createLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open-store.ts'
import { copyTestDatabase, createTestDatabase, type TestDatabase } from './databases.ts'

/** Who asks in a test; a user with no role unless said otherwise. */
export interface Person {
  readonly name: string
  readonly kind?: CallerKind
  readonly project?: string
  readonly roles?: readonly Role[]
  readonly groups?: readonly string[]
}

/** A clock that tests move. */
export interface TestClock extends Clock {
  advance(duration: { days?: number; hours?: number; minutes?: number; ms?: number }): void
}

/** Speaks GraphQL over HTTP as one caller. */
export interface Client {
  /** The whole answer. */
  send(document: string, variables?: object): Promise<Answer>
  /** The data of an answer that must have no errors. */
  ask<T = Record<string, never>>(document: string, variables?: object): Promise<T>
  /**
   * Runs one mutation with an input and gives its result: the payload, or an error with `__typename` and `code`.
   * `fragments` are further ones on its result, e.g. on an error type.
   */
  mutate(name: string, input: object, selection?: string, fragments?: string): Promise<MutationResult>
}

/** An answer as it came over HTTP. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly data: any
  readonly errors: readonly { message: string; path?: readonly unknown[]; extensions: { code: string } }[]
}

/** What a mutation answered. Fields of payloads and of errors, as far as they were selected. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into results of every shape
export type MutationResult = Record<string, any> & { readonly __typename: string }

/** A running server with a database of its own. */
export interface Story {
  readonly app: App
  readonly config: Config
  readonly database: TestDatabase
  readonly clock: TestClock
  /** What was logged, line by line. */
  readonly logged: readonly string[]
  /**
   * SQL statements since the last look, without the reading of roles, which depends on the caller's project and the time
   * alone, and without the changes of partitions with which housekeeping begins.
   */
  takeStatements(): string[]
  as(person: Person): Client
  /** A token with these claims changed. */
  tokenFor(person: Person, claims?: Record<string, unknown>): Promise<string>
  /** Stops the server until `restart`. */
  stop(): Promise<void>
  /** Stops the server and starts it again on the same database. */
  restart(): Promise<void>
  /**
   * Runs statements on the database as somebody beside the server would, and gives the rows of the last one. The
   * server is stopped meanwhile, since the embedded database serves one process; its caches are empty afterwards.
   */
  sql(...statements: string[]): Promise<Record<string, unknown>[]>
}

/** Statements that change the partitions of the trail, or look at them. */
const partitioning =
  /audit_events_(rest|before_|\d{4}_)|pg_inherits|pg_try_advisory_xact_lock|SET LOCAL lock_timeout = 500|(LOCK TABLE|ANALYZE) audit_events/

const issuer = 'https://issuer.test'
const keyPair = generateKeyPair('EdDSA', { extractable: true })

/** Starts a server for a test, or for all tests of a file if `settings` are given at the top of it. */
export async function startStory(
  settings: Record<string, string> = {},
  options: Pick<AppOptions, 'slowWork'> = {},
): Promise<Story> {
  return startStoryOn(await createTestDatabase(), settings, undefined, options)
}

/** Starts a second server on a copy of a story's database; its clock stands where that of the story stands. */
export async function copyStory(original: Story, settings: Record<string, string> = {}): Promise<Story> {
  await original.stop()
  const copy = await startStoryOn(await copyTestDatabase(original.database), settings, original.clock.now())
  await original.restart()
  return copy
}

/** Starts a server on a database; its clock starts at the first of March 2026 unless told otherwise. */
export async function startStoryOn(
  database: TestDatabase,
  settings: Record<string, string>,
  startsAt?: Date,
  options: Pick<AppOptions, 'slowWork'> = {},
): Promise<Story> {
  const logged: string[] = []
  let statements: string[] = []
  const clock = createTestClock(startsAt)
  const config = readConfig(await environmentFor(database, settings))
  const start = () =>
    createApp(config, {
      ...options,
      clock,
      log: createLog('debug', { write: (line) => void logged.push(line) }),
      onStatement(sql) {
        if (!sql.includes('FROM "public"."project_roles"') && !partitioning.test(sql)) statements.push(sql)
      },
    })
  let app = await start()
  // The first round of housekeeping, whose statements are not those of the test.
  await app.housekeeping.whenIdle()
  let running = true
  async function stop(): Promise<void> {
    if (!running) return
    running = false
    await app.close()
  }

  const tokenFor = (person: Person, claims: Record<string, unknown> = {}) => sign(person, claims, clock)
  return {
    get app() {
      return app
    },
    config,
    database,
    clock,
    logged,
    takeStatements() {
      const taken = statements
      statements = []
      return taken
    },
    as: (person) => clientFor(person, { getUrl: () => app.url, clock }),
    tokenFor,
    stop,
    async restart() {
      await stop()
      app = await start()
      running = true
    },
    async sql(...texts) {
      await stop()
      try {
        return await runBeside(database, texts)
      } finally {
        app = await start()
        running = true
      }
    },
  }
}

async function runBeside(database: TestDatabase, texts: string[]): Promise<Record<string, unknown>[]> {
  const store = await openStore({ ...database, poolSize: 1, migrate: false })
  try {
    let rows: Record<string, unknown>[] = []
    for (const text of texts) rows = await store.db.$queryRawUnsafe(text)
    return rows
  } finally {
    await store.close()
  }
}

/** Stops a story's server and removes its database. */
export async function endStory(story: Story): Promise<void> {
  await story.stop()
  await story.database.dispose()
}

/** A story that ends with the test that started it. */
export async function startStoryForTest(
  settings: Record<string, string> = {},
  options: Pick<AppOptions, 'slowWork'> = {},
): Promise<Story> {
  const story = await startStory(settings, options)
  onTestFinished(() => endStory(story))
  return story
}

/** The settings of a server whose tokens come from the tests' own issuer. */
export async function environmentFor(
  database: TestDatabase,
  settings: Record<string, string> = {},
): Promise<Record<string, string>> {
  const jwksFile = join(database.dataFolder, 'issuer.jwks.json')
  const { publicKey } = await keyPair
  writeFileSync(jwksFile, JSON.stringify({ keys: [await exportJWK(publicKey)] }))
  return {
    PORT: '0',
    DATABASE_URL: database.databaseUrl ?? '',
    DATA_FOLDER: database.dataFolder,
    AUTH_ISSUER: issuer,
    AUTH_JWKS_FILE: jwksFile,
    HOUSEKEEPING_INTERVAL_SECONDS: '3600',
    INTROSPECTION: 'on',
    ...settings,
  }
}

async function sign(person: Person, claims: Record<string, unknown>, clock: Clock): Promise<string> {
  const { privateKey } = await keyPair
  const nowSeconds = Math.floor(clock.now().getTime() / 1000)
  return new SignJWT({
    iss: issuer,
    aud: 'keystead',
    sub: person.name,
    client_id: 'tests',
    jti: randomUUID(),
    iat: nowSeconds,
    exp: nowSeconds + 600,
    project: person.project ?? 'shop',
    roles: person.roles ?? [],
    groups: person.groups ?? [],
    kind: person.kind ?? 'USER',
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
    .sign(privateKey)
}

function createTestClock(startsAt = new Date('2026-03-01T12:00:00.000Z')): TestClock {
  let nowMs = startsAt.getTime()
  return {
    now: () => new Date(nowMs),
    advance({ days = 0, hours = 0, minutes = 0, ms = 0 }) {
      nowMs += ((days * 24 + hours) * 60 + minutes) * 60_000 + ms
    },
  }
}

/** A token of the tests' own issuer, for any server that accepts them. */
export function tokenFor(person: Person, clock: Clock): Promise<string> {
  return sign(person, {}, clock)
}

/** A client of any server whose tokens come from the tests' own issuer; one token serves for some minutes. */
export function clientFor(person: Person, server: { getUrl: () => string; clock: Clock }): Client {
  let token = { value: '', expiresMs: 0 }
  return createClient(server.getUrl, async () => {
    const nowMs = server.clock.now().getTime()
    if (token.expiresMs <= nowMs) {
      token = { value: await sign(person, {}, server.clock), expiresMs: nowMs + 300_000 }
    }
    return token.value
  })
}

/** A client of any server, with the tokens that it is given. */
export function createClient(getUrl: () => string, getToken: () => Promise<string>): Client {
  async function send(document: string, variables: object = {}): Promise<Answer> {
    const response = await fetch(`${getUrl()}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await getToken()}`,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
      },
      body: JSON.stringify({ query: document, variables }),
    })
    return readAnswer(response)
  }

  async function ask<T>(document: string, variables: object = {}): Promise<T> {
    const answer = await send(document, variables)
    if (answer.errors.length > 0) throw new Error(`unexpected errors: ${answer.text}`)
    return answer.data as T
  }

  return {
    send,
    ask,
    async mutate(name, input, selection = '', fragments = '') {
      const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
      const body = selection === '' ? '' : `... on ${pascal}Payload { ${selection} }`
      const data = await ask<Record<string, MutationResult>>(
        `mutation($input: ${pascal}Input!) { ${name}(input: $input) { __typename ... on UserError { code message } ${body} ${fragments} } }`,
        { input },
      )
      const result = data[name]
      if (result === undefined) throw new Error('no result')
      return result
    },
  }
}

/** Reads an answer in the form of GraphQL over HTTP. */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  const { data = null, errors = [] } = JSON.parse(text) as Partial<Answer>
  return { status: response.status, headers: response.headers, text, data, errors }
}

/** Bytes of text as base64. */
export function base64(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64')
}
