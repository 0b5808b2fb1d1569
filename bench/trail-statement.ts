// Time of the server's thread for appending one event to the trail, through Prisma and past it, beside an `encrypt` that
// has a group of its own. The three take turns in one process, on the PostgreSQL of DATABASE_URL or on one of its own.
// An append to a chain that does not exist writes nothing, so that little but the client's work is measured.
// node bench/trail-statement.ts [ROUNDS]
import { newOpaqueUuid, newUuid } from '../src/ids.ts'
import { type AuditAppend, appendAuditEvents } from '../src/store/audit/append-rows.ts'
import { openStore } from '../src/store/open-store.ts'
import { openBenchPostgres } from './bench-postgres.ts'
import { startBenchServer } from './own-server.ts'
import { median, takeTurns } from './turns.ts'

const rounds = Number(process.argv[2] ?? 20)
const timesPerRound = 200
const warmUps = 1000

const head = { sequence: 0, hash: new Uint8Array(32) }

function makeAppend(): AuditAppend {
  const event = {
    id: newUuid(),
    projectId: 'shop',
    occurredAt: new Date(),
    action: 'ENCRYPT',
    outcome: 'SUCCEEDED',
    errorCode: null,
    actor: 'user:alice',
    tokenId: newUuid(),
    clientAddress: '127.0.0.1',
    requestId: newUuid(),
    keyId: newUuid(),
    keyRevision: null,
    versionNumber: 1,
    details: {},
  } as const
  const links = [{ event, hash: '00'.repeat(32) }]
  return { chainId: newOpaqueUuid(), after: head, links, head, headMac: head.hash }
}

const postgres = openBenchPostgres()
const store = await openStore({
  databaseUrl: await postgres.createDatabase('statement'),
  dataFolder: '',
  poolSize: 4,
  migrate: true,
})
const server = await startBenchServer({ DATABASE_URL: await postgres.createDatabase('server') })
try {
  const created = await server.ask(
    'alice@shop',
    'mutation { createUserKey(input: { name: "bench" }) { ... on CreateUserKeyPayload { userKey { id } } } }',
    {},
  )
  const keyId = /ukey_\w+/.exec(created)?.[0]
  const encrypt =
    'mutation($k: KeyRef!) { encrypt(input: { key: $k, plaintext: "aGVsbG8=" }) { ... on EncryptPayload { ciphertext } } }'
  const contestants = {
    'append past Prisma': () => appendAuditEvents(store.executor, makeAppend()),
    'append through Prisma': () => appendAuditEvents(store.db, makeAppend()),
    encrypt: () => server.ask('alice@shop', encrypt, { k: keyId }),
  }
  for (const run of Object.values(contestants)) for (let times = 0; times < warmUps; times++) await run()
  const measured = Object.fromEntries(
    Object.entries(contestants).map(([name, run]) => [name, () => threadTimeOf(run)]),
  )
  for (const [name, figures] of Object.entries(await takeTurns(rounds, measured))) {
    console.log(`${median(figures).toFixed(1)} µs  ${name}`)
  }
} finally {
  await server.close()
  await store.close()
  await postgres.stop()
}

async function threadTimeOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage()
  for (let times = 0; times < timesPerRound; times++) await run()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / timesPerRound
}
