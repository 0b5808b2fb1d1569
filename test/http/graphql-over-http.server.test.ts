import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

/** Audits of the specification's own suite that do not pass, and why; each of them is a MAY. */
const refused: Readonly<Record<string, string>> = {
  '5A70': 'Queries are answered to POST only: a GET request leaves its document in logs and histories.',
  D6D5: 'As above: variables in an address are plaintexts in logs.',
  '6A70': 'As above.',
}

describe('GraphQL over HTTP, by the audits of the specification', () => {
  let story: Story
  let token: string
  beforeAll(async () => {
    story = await startStory()
    token = await story.tokenFor(member)
  })
  afterAll(() => endStory(story))

  const audits = serverAudits({
    url: () => `${story.app.url}/graphql`,
    fetchFn: (url: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${token}`)
      return fetch(url, { ...init, headers })
    },
  })

  it('there are audits, and those that are refused are among them and optional', () => {
    expect(audits.length).toBeGreaterThanOrEqual(60)
    for (const id of Object.keys(refused)) {
      expect(audits.find((audit) => audit.id === id)?.name).toMatch(/^MAY /)
    }
  })

  for (const audit of audits.filter(({ id }) => !(id in refused))) {
    it(`${audit.id}: ${audit.name}`, async () => {
      const result = await audit.fn()
      expect('reason' in result ? result.reason : null).toBeNull()
      expect(result.status).toBe('ok')
    })
  }

  for (const audit of audits.filter(({ id }) => id in refused)) {
    it(`${audit.id} is answered 405: ${audit.name}`, async () => {
      const result = await audit.fn()
      expect(result.status).toBe('notice')
      expect('response' in result && result.response.status).toBe(405)
    })
  }
})
