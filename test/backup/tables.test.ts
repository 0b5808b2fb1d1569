import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backupTables, tablesLeftOut } from '../../src/store/rows/backup-rows.ts'

const schema = readFileSync(join(import.meta.dirname, '../../prisma/schema.prisma'), 'utf8')
const models = [...schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name = '', body = '']) => ({
  name,
  table: /^\s*@@map\("(\w+)"\)/m.exec(body)?.[1] ?? name,
  // A field with `references` holds the key of another model's row.
  refersTo: [...body.matchAll(/^ *\w+ +(\w+)\?? .*references:/gm)].map(([, other]) => other),
}))

describe('a backup', () => {
  it('has a place for every table of the schema but those that are left out, and for no other', () => {
    expect(models.length).toBeGreaterThan(10)
    expect(models.map(({ table }) => table).sort()).toEqual([...backupTables, ...tablesLeftOut].sort())
  })

  it('has the rows that others refer to before those', () => {
    const place = (name: string | undefined) =>
      backupTables.findIndex((table) => table === models.find((model) => model.name === name)?.table)
    const references = models
      .filter(({ table }) => !tablesLeftOut.some((left) => left === table))
      .flatMap(({ name, refersTo }) => refersTo.map((other) => [place(other), place(name)]))
    expect(references.length).toBeGreaterThan(3)
    expect(references.filter(([first = -1, then = -1]) => !(first >= 0 && first < then))).toEqual([])
  })
})
