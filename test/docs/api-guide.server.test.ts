import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, parse, TypeInfo, visit, visitWithTypeInfo } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { personas } from '../../src/auth/dev-issuer.ts'
import { type Answer, type Client, endStory, type Story, startStory } from '../support/story.ts'
import { asPattern } from './blocks.ts'
import { examplesOf, valueAt, withValues } from './guide-examples.ts'

const root = join(import.meta.dirname, '../..')
const examples = examplesOf(readFileSync(join(root, 'docs/api-guide.md'), 'utf8'))
const schema = buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8'))

/** The root fields that the examples ask for, by the name of their type and their own. */
function shownFields(): Set<string> {
  const shown = new Set<string>()
  for (const { document } of examples) {
    const types = new TypeInfo(schema)
    const Field = () => void shown.add(`${types.getParentType()?.name}.${types.getFieldDef()?.name}`)
    visit(parse(document), visitWithTypeInfo(types, { Field }))
  }
  return shown
}

/** What a shown answer stands for: equal to it, but for texts with `…`. */
function expected(value: unknown): unknown {
  if (typeof value === 'string' && value.includes('…')) return expect.stringMatching(asPattern(value))
  if (Array.isArray(value)) return value.map(expected)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expected(member)]))
}

/** Answers that a caller can act on as errors, in the results of root fields and of items of batches. */
function errorsIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(errorsIn)
  if (typeof value !== 'object' || value === null) return []
  return 'code' in value ? [value] : Object.values(value).flatMap(errorsIn)
}

function clientOf(story: Story, name: string): Client {
  const persona = personas.find((each) => each.name === name)
  if (persona === undefined) throw new Error(`there is no persona ${name}`)
  return story.as({ ...persona, name: persona.subject, project: 'demo' })
}

/** The answer without places in the document. */
function shownForm({ text }: Answer): { data?: unknown; errors?: unknown } {
  return JSON.parse(text, (key, value) => (key === 'locations' ? undefined : value))
}

describe('docs/api-guide.md', () => {
  let story: Story
  const values = new Map<string, string>()
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  it.each(examples)('line $line: $operation', async ({ persona, document, variables, answer, names }) => {
    const given = await clientOf(story, persona).send(document, withValues(variables, values))
    if (answer === null) {
      expect(given.errors).toEqual([])
      expect(errorsIn(given.data)).toEqual([])
    } else {
      expect(shownForm(given)).toEqual(expected(JSON.parse(answer)))
    }
    for (const [name, path] of names) values.set(name, valueAt(given.data, path))
  })

  it('selects errors wherever a mutation gives a union', () => {
    const silent = examples.filter(({ document }) => {
      const payloads = document.match(/\.\.\. on \w+Payload/g)?.length ?? 0
      return payloads > (document.match(/\.\.\. on UserError/g)?.length ?? 0)
    })
    expect(silent).toEqual([])
  })

  it.each([schema.getQueryType(), schema.getMutationType()])('shows every field of %s', (type) => {
    const fields = Object.keys(type?.getFields() ?? {})
    const shown = shownFields()
    expect(fields.length).toBeGreaterThan(10)
    expect(fields.filter((field) => !shown.has(`${type}.${field}`))).toEqual([])
  })

  it('uses every name that it gives', () => {
    const used = new Set(examples.flatMap(({ variables }) => variables.match(/(?<=<)[A-Z0-9_]+(?=>)/g) ?? []))
    const given = examples.flatMap(({ names }) => [...names.keys()])
    expect(given.toSorted()).toEqual([...used].toSorted())
  })
})
