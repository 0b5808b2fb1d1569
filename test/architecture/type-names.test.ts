import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const declaration = /^(export )?(?:abstract )?(?:interface|type|class) (\w+)/gm

/** A declared type: where, and whether other files can import it. */
interface Declared {
  readonly file: string
  readonly isExported: boolean
}

function declaredTypes(): Map<string, Declared[]> {
  const types = new Map<string, Declared[]>()
  for (const file of globSync('src/**/*.ts', { cwd: root })) {
    if (file.includes('/generated/')) continue
    for (const [, exported, name = ''] of readFileSync(join(root, file), 'utf8').matchAll(declaration)) {
      types.set(name, [...(types.get(name) ?? []), { file, isExported: exported !== undefined }])
    }
  }
  return types
}

describe('the name of a type', () => {
  it('has one meaning: what a file exports, no other file declares', () => {
    const types = declaredTypes()
    expect(types.size).toBeGreaterThan(300)
    const ambiguous = [...types].filter(
      ([, places]) => places.length > 1 && places.some(({ isExported }) => isExported),
    )
    expect(
      ambiguous.map(([name, places]) => `${name}: ${places.map(({ file }) => file).join(', ')}`),
    ).toEqual([])
  })
})
