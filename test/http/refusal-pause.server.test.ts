import { describe, expect, it, vi } from 'vitest'
import { type Person, startStoryForTest } from '../support/story.ts'

const gate = vi.hoisted(() => ({ waiting: 0, opening: Promise.withResolvers<void>() }))
vi.mock(import('../../src/server/load/shedding.ts'), async (importOriginal) => ({
  ...(await importOriginal()),
  createRefusalPauses: () => ({
    async wait() {
      gate.waiting++
      await gate.opening.promise
      gate.waiting--
    },
  }),
}))

const mia: Person = { name: 'mia', roles: ['KMS_USER'] }
const body = '{"query":"{ viewer { projectId } }"}'
/** More than there are places in the server. */
const crowd = 20

describe('a refusal that comes after a pause', () => {
  it.each([
    ['of a token, after the limit of refused tokens', 429, { AUTH_FAILURES_PER_MINUTE_MAX: '70' }],
    ['of a token, after many refused tokens', 401, {}],
    ['of a body with too many tokens', 413, {}],
  ])(
    '%s leaves its place to others meanwhile',
    {
      timeout: 240_000,
    },
    async (_which, status, settings) => {
      gate.waiting = 0
      gate.opening = Promise.withResolvers<void>()
      const limits = { REQUESTS_UNDER_WAY_MAX: '4', REQUESTS_WAITING_MAX: '4' }
      const story = await startStoryForTest({ ...limits, ...settings })
      const known = await story.tokenFor(mia)
      const ask = async (token: string, sent = body) => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
        const answer = await fetch(`${story.app.url}/graphql`, { method: 'POST', headers, body: sent })
        await answer.text()
        return answer.status
      }
      expect(await ask(known)).toBe(200)
      const bad = (n: number) => `${known.slice(0, -20)}${String(n).padStart(20, 'A')}`
      const isOfBody = status === 413
      const tooMany = JSON.stringify({
        query: '{ viewer { projectId } }',
        variables: { a: Array(25_000).fill('') },
      })
      const refuse = (n: number) => (isOfBody ? ask(known, tooMany) : ask(`bad${n}.${bad(n)}`))
      if (!isOfBody) {
        const failures = status === 429 ? 70 : 60
        // The first of those that wait are let go at once.
        gate.opening.resolve()
        for (let n = 0; n < failures; n++) expect(await refuse(n)).toBe(401)
        gate.opening = Promise.withResolvers<void>()
      }
      expect(await ask(known)).toBe(200)
      const refusals: Promise<number>[] = []
      for (let n = 0; n < crowd; n++) {
        refusals.push(refuse(1000 + n))
        await vi.waitFor(() => expect(gate.waiting).toBe(n + 1), { timeout: 10_000 })
      }
      expect(await ask(known)).toBe(200)
      gate.opening.resolve()
      expect(await Promise.all(refusals)).toEqual(Array(crowd).fill(status))
    },
  )
})
