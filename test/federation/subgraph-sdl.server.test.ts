import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { type Person, startStoryForTest } from '../support/story.ts'

const run = promisify(execFile)
const gateway: Person = { name: 'gateway', kind: 'SERVICE_ACCOUNT' }
const document = '{ _service { sdl } }'

describe('the schema as a subgraph', () => {
  it('is what `npm run subgraph:sdl` prints, and what a server says to each verified caller', async () => {
    const script = join(import.meta.dirname, '../../scripts/print-subgraph.ts')
    const { stdout } = await run(process.execPath, [script])
    const story = await startStoryForTest()
    const { _service: service } = await story.as(gateway).ask<{ _service: { sdl: string } }>(document)
    expect(service.sdl).toBe(stdout)
    expect(stdout).toMatch(
      /^extend schema @link\(url: "https:\/\/specs\.apollo\.dev\/federation\/v2\.0", import: \[/,
    )
    for (const [type, directive] of [
      ['UserKey implements Node & Key', '@key(fields: "id")'],
      ['ServiceKey implements Node & Key', '@key(fields: "id")'],
      ['KeyVersion implements Node', '@key(fields: "id")'],
      ['User', '@key(fields: "id", resolvable: false)'],
      ['PageInfo', '@shareable'],
    ])
      expect(stdout).toContain(`\ntype ${type} ${directive} {\n`)
    expect(parse(stdout).definitions.length).toBeGreaterThan(100)
    expect(stdout).not.toMatch(/\b_(Any|Entity|Service|entities|service)\b/)
  })

  it('is told to nobody without a token', async () => {
    const story = await startStoryForTest()
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: document }),
    })
    expect(response.status).toBe(401)
    expect(await response.text()).toContain('"UNAUTHENTICATED"')
  })

  it('is refused where introspection is, which does not hinder a gateway that has it already', async () => {
    const story = await startStoryForTest({ INTROSPECTION: 'off' })
    const reader = story.as({ ...gateway, roles: ['KMS_VIEWER'] })
    for (const text of [
      document,
      '{ a: _service { __typename } }',
      '{ ...F } fragment F on Query { _service { sdl } }',
    ]) {
      const { status, data, errors } = await reader.send(text)
      expect({ status, data, codes: errors.map(({ extensions }) => extensions.code) }).toEqual({
        status: 400,
        data: null,
        codes: ['BAD_REQUEST'],
      })
      expect(errors[0]?.message).toContain('introspection is not allowed')
    }
    expect(await reader.ask('{ _entities(representations: []) { __typename } }')).toEqual({ _entities: [] })
  })
})
