import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const [, part = ''] = /^## Checklists\n([\s\S]*?)(?=^## )/m.exec(read('CONTRIBUTING.md')) ?? []

/** Steps of a checklist, with the names that each file in them contains at least one of. */
interface Checklist {
  readonly title: string
  readonly names: readonly string[]
  readonly steps: readonly string[]
}

const checklists = part
  .split(/^### /m)
  .slice(1)
  .flatMap((section): Checklist[] => {
    const [title = ''] = section.split('\n')
    return section
      .split(/(?=Example: )/)
      .slice(1)
      .map((list) => {
        const [introduction = '', ...steps] = list.split(/^\d+\. /m)
        return { title, names: codeIn(introduction), steps }
      })
  })

function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

function filesIn(steps: readonly string[]): string[] {
  return steps.flatMap(codeIn).filter((code) => /^[\w./-]*\.\w+$/.test(code) && !code.startsWith('*'))
}

describe('the checklists in CONTRIBUTING.md', () => {
  it('are about what is added most often', () => {
    expect([...new Set(checklists.map(({ title }) => title))]).toEqual([
      'Add a field to UserKey',
      'Add an algorithm',
      'Add an operation',
      'Add a setting',
      'Add a migration',
    ])
  })

  it.each(checklists)('$title ($names): each file has the example', ({ names, steps }) => {
    const files = filesIn(steps)
    expect(files.length).toBeGreaterThan(2)
    // Files that are imported by name have the name in another form.
    const forms = names.flatMap((name) => [name, kebabCase(name)]).map((name) => name.toLowerCase())
    const without = files.filter((file) => {
      const text = existsSync(join(root, file)) ? read(file).toLowerCase() : ''
      return !forms.some((form) => text.includes(form))
    })
    expect(without).toEqual([])
  })

  it('need at most eight files of the program for a nullable field of UserKey', () => {
    // And the migration.
    expect(programFilesOf(checklists.slice(0, 1)).length + 1).toBeLessThanOrEqual(8)
  })

  it('need at most nine for a field that callers can set, besides files with sentences that name it', () => {
    expect(programFilesOf(checklists.slice(0, 2)).length + 1).toBeLessThanOrEqual(9 + sentenceFiles.length)
  })
})

/** Files whose descriptions list the fields. */
const sentenceFiles = ['src/schema/types/audit-event.ts', 'src/schema/subscriptions/key-events.ts']

/** Files of the program that the steps of checklists name. */
function programFilesOf(lists: readonly Checklist[]): string[] {
  const files = filesIn(lists.flatMap(({ steps }) => steps))
  return [...new Set(files.filter((file) => /^(src|prisma)\//.test(file)))]
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
