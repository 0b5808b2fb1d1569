import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { startStoryForTest } from '../support/story.ts'
import { startRealProvider } from './real-provider.ts'
import { newFolder } from './rule-entries.ts'

describe('a server whose callers come from a certified provider', () => {
  it('answers a person and a service, and tells the log alone which rule refused a token', async () => {
    const { issuer, logIn, serve } = await startRealProvider()
    const file = join(newFolder(), 'issuers.json')
    const settings = { audience: 'keystead', project: { claim: 'tenant' }, prefixNames: true }
    const noProject = { audience: 'other', project: { claim: 'none' } }
    writeFileSync(
      file,
      JSON.stringify({
        version: 2,
        issuers: [
          { name: 'other', preset: 'rfc9068', issuer, settings: noProject },
          { name: 'corp', preset: 'rfc9068', issuer, settings },
        ],
      }),
    )
    const [person, service] = [await logIn('alice'), await serve()]
    const story = await startStoryForTest({ AUTH_ISSUERS_FILE: file })
    // The provider issues tokens at the time of this machine.
    const aheadMs = Date.now() - story.clock.now().getTime()
    story.clock.advance({ ms: aheadMs })

    // The keys of all entries are fetched without a token.
    const readiness = async () => (await fetch(`${story.app.url}/readyz`)).json()
    await vi.waitFor(async () => expect(await readiness()).toEqual({ status: 'ready' }))

    async function ask(token: string, query: string): Promise<{ status: number; text: string }> {
      const response = await fetch(`${story.app.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      })
      return { status: response.status, text: await response.text() }
    }

    const viewer = '{ viewer { projectId subject { id } roles } }'
    const forPerson = await ask(person.access_token, viewer)
    expect(forPerson).toMatchObject({ status: 200 })
    expect(forPerson.text).toContain('user:corp/alice')
    const forService = await ask(service.access_token, viewer)
    expect(forService.text).toContain('service-account:corp/payments')
    const created = await ask(
      person.access_token,
      'mutation { createUserKey(input: { name: "orders", algorithm: AES_256_GCM, usage: ENCRYPT_DECRYPT }) { __typename } }',
    )
    expect(created.text).toContain('CreateUserKeyPayload')

    const before = story.logged.length
    expect(await ask(person.id_token ?? '', viewer)).toMatchObject({ status: 401 })
    const lines = story.logged.slice(before).map((line) => JSON.parse(line) as object)
    expect(lines).toContainEqual(expect.objectContaining({ entry: 'other', outcome: 'UNAUTHENTICATED' }))
  })
})
