// Fills tables of an embedded database: before all descriptors of the process are taken, without any, and with them again.
import { closeSync, openSync } from 'node:fs'
import { databaseTroubleOf } from '../../src/store/database-trouble.ts'
import { openStore } from '../../src/store/open-store.ts'

const dataFolder = process.env['DATA_FOLDER'] ?? ''
const store = await openStore({ databaseUrl: null, dataFolder, poolSize: 2, migrate: true })
const { db } = store
const names = ['first', 'second', 'third'] as const
for (const name of names) await db.$executeRawUnsafe(`CREATE TABLE ${name} (text text)`)

/** Rows for which PostgreSQL has to make further files beside that of the table. */
async function fill(name: string): Promise<string> {
  try {
    await db.$executeRawUnsafe(
      `INSERT INTO ${name} SELECT repeat(md5(i::text), 60) FROM generate_series(1, 400) AS i`,
    )
    await db.$executeRawUnsafe(`CREATE INDEX ON ${name} (left(text, 10))`)
    return 'written'
  } catch (error) {
    return `refused, ${databaseTroubleOf(error)?.code ?? error}`
  }
}

console.log(`before: ${await fill('first')}`)
const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  // There are none left: PostgreSQL has to close files of its own to open others.
}
const without = [await fill('second'), await fill('third')]
for (const fd of taken) closeSync(fd)
console.log(`without: ${without.join()}`)
console.log(`after: ${[await fill('second'), await fill('third'), await fill('first')].join()}`)
await store.close()
