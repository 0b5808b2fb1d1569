import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTranslator } from 'use-intl/core'
import { describe, expect, it } from 'vitest'

const sources = join(import.meta.dirname, '../../console/src')

/** The texts of a catalogue by their path, as `common.copy`. */
function readCatalogue(language: string): ReadonlyMap<string, string> {
  const flatten = (value: unknown, path: string): [string, string][] =>
    typeof value === 'string'
      ? [[path, value]]
      : Object.entries(value as object).flatMap(([name, each]) =>
          flatten(each, path ? `${path}.${name}` : name),
        )
  return new Map(flatten(JSON.parse(readFileSync(join(sources, `texts/${language}.json`), 'utf8')), ''))
}

const languages = globSync('texts/*.json', { cwd: sources }).map((file) => file.slice(6, -5))
const english = readCatalogue('en')

/** What a text is filled with: the names after an opening brace. */
const argumentsOf = (text: string) =>
  [...new Set([...text.matchAll(/\{\s*(\w+)\s*[,}]/g)].map(([, name]) => name))].toSorted()

/** Texts that are the same in every language: names, codes, units. */
const isName = (text: string) =>
  /^[\p{Lu}\d\s.,:/()–·-]*$|^Keystead$/u.test(text.replaceAll(/\{[^}]*\}/g, ''))

describe.each(languages)('the texts in %s', (language) => {
  const catalogue = readCatalogue(language)

  it('are those that there are in English, and no others', () => {
    expect([...catalogue.keys()].toSorted()).toEqual([...english.keys()].toSorted())
  })

  it('are filled with the same values', () => {
    const different = [...catalogue].filter(
      ([path, text]) => argumentsOf(text).join() !== argumentsOf(english.get(path) ?? '').join(),
    )
    expect(different).toEqual([])
  })

  it('can be read', () => {
    const messages: unknown = JSON.parse(readFileSync(join(sources, `texts/${language}.json`), 'utf8'))
    const problems: string[] = []
    const translate = createTranslator({
      locale: language,
      messages: messages as Record<string, never>,
      timeZone: 'UTC',
      onError: (error) => void problems.push(error.message),
    })
    for (const [path, text] of catalogue) {
      const values = Object.fromEntries(argumentsOf(text).map((name) => [name, 2]))
      const tags = Object.fromEntries([...text.matchAll(/<(\w+)>/g)].map(([, name]) => [name, String]))
      ;(translate.markup as unknown as (path: string, values: object) => string)(path, { ...values, ...tags })
    }
    expect(problems).toEqual([])
  })
})

it('Korean texts are in Korean', () => {
  const untranslated = [...readCatalogue('ko')].filter(
    ([, text]) => !/\p{Script=Hangul}/u.test(text) && !isName(text),
  )
  expect(untranslated).toEqual([])
})

it('every text is used', () => {
  const code = globSync('**/*.{ts,tsx}', { cwd: sources })
    .map((file) => readFileSync(join(sources, file), 'utf8'))
    .join('\n')
  const unused = [...english.keys()]
    // Those of enumerations are found by their values.
    .filter((path) => !path.startsWith('values.'))
    .filter((path) => !new RegExp(`['"\`.]${path.split('.').at(-1)}['"\`]`).test(code))
  expect(unused).toEqual([])
})
