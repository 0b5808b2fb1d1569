import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { alone } from '../support/alone.ts'

const root = join(import.meta.dirname, '../..')
const files = globSync('test/**/*.test.ts', { cwd: root, exclude: ['test/gateway/**', 'test/clients/**'] })
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

/** What stays as it is after the test, for every file that comes later in the same process. */
const lasting = [
  /\bvi\s*\.\s*(?:doMock|mock|resetModules)\(/,
  /\bsetFlagsFromString\(/,
  /'node:inspector(?:\/promises)?'/,
  /\bcreateSoftHsm\(/,
  /\bprocess\.(?:chdir|umask|setuid|setgid|on|exitCode|exit)\b/,
  /\bprocess\.env(?:\.\w+|\[[^\]]+\])\s*(?:\?\?|\|\|)?=(?!=)/,
  /\bdelete process\.env\b/,
  /\bglobalThis(?:\.\w+|\[[^\]]+\])\s*=(?!=)/,
]

/** What vitest replaces, and what puts it back. */
const replacements = [
  ['vi.useFakeTimers(', 'vi.useRealTimers('],
  ['vi.stubGlobal(', 'vi.unstubAllGlobals('],
  ['vi.stubEnv(', 'vi.unstubAllEnvs('],
] as const

describe('test files share processes', () => {
  it('unless they leave something behind in theirs', () => {
    expect(files.length).toBeGreaterThan(alone.length)
    const changing = files.filter((file) => lasting.some((pattern) => pattern.test(textOf(file))))
    expect(changing.sort()).toEqual([...alone].sort())
  })

  it.each(replacements)('and what they replace by %s…) they put back by %s…)', (replace, putBack) => {
    const replacing = files.filter((file) => textOf(file).includes(replace))
    expect(replacing.filter((file) => !textOf(file).includes(putBack))).toEqual([])
  })
})
