import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openFilesLimit, shareOpenFiles } from '../../src/open-files.ts'

const embedded = readConfig({})
const onPostgres = readConfig({
  DATABASE_URL: 'postgres://db/keystead',
  AUTH_ISSUER: 'a',
  AUTH_JWKS_FILE: 'b',
})

describe('open files', () => {
  it.each([256, 512, 1024, 4096, 65_536, 1_048_576])(
    'of a limit of %i are for the database, the program and connections together, with room to spare',
    (limit) => {
      for (const config of [embedded, onPostgres]) {
        const { connectionsMax, databaseFilesMax } = shareOpenFiles(config, limit)
        const database = config === embedded ? databaseFilesMax : config.DATABASE_POOL_SIZE + 2
        expect(connectionsMax).toBeGreaterThanOrEqual(16)
        expect(connectionsMax).toBeLessThanOrEqual(config.CONNECTIONS_MAX)
        expect(64 + database + connectionsMax).toBeLessThan(limit)
      }
    },
  )

  it('are not what limits connections where there are enough', () => {
    const enough = { connectionsMax: 5000, databaseFilesMax: 1000, isShort: false }
    expect(shareOpenFiles(embedded, 1_048_576)).toEqual(enough)
    expect(shareOpenFiles(embedded, null)).toEqual(enough)
    expect(shareOpenFiles(embedded, 1024)).toMatchObject({ isShort: true })
  })

  it('of this process have a limit, or none', () => {
    const limit = openFilesLimit()
    expect(limit === null || limit > 0).toBe(true)
  })
})
