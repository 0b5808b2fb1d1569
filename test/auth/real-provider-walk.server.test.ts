import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startStoryForTest } from '../support/story.ts'
import { startRealProvider } from './real-provider.ts'
import { newFolder, signerWithFile } from './rule-entries.ts'

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
    await expect.poll(readiness).toEqual({ status: 'ready' })

    const ask = (token: string, query: string) => askWith(story.app.url, token, query)
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

  it('lets a pod in whose service account an administrator from the provider has bound to a role', async () => {
    const { issuer, logIn } = await startRealProvider()
    const cluster = 'https://kubernetes.default.svc.cluster.local'
    const { signer, jwksFile } = await signerWithFile()
    const file = join(newFolder(), 'issuers.json')
    writeFileSync(
      file,
      JSON.stringify({
        version: 2,
        issuers: [
          {
            name: 'corp',
            preset: 'rfc9068',
            issuer,
            settings: { audience: 'keystead', project: 'payments' },
          },
          {
            name: 'cluster',
            preset: 'kubernetes',
            issuer: cluster,
            jwksFile,
            settings: { audience: 'keystead', prefixNames: true },
          },
        ],
      }),
    )
    const { access_token: alice } = await logIn('alice')
    const story = await startStoryForTest({ AUTH_ISSUERS_FILE: file })
    story.clock.advance({ ms: Date.now() - story.clock.now().getTime() })
    const seconds = Math.floor(story.clock.now().getTime() / 1000)
    // As the API server writes it for a projected token (TokenRequest), with nothing about roles.
    const pod = await signer.sign({
      iss: cluster,
      aud: ['keystead'],
      sub: 'system:serviceaccount:payments:api',
      iat: seconds,
      nbf: seconds,
      exp: seconds + 3600,
      'kubernetes.io': { namespace: 'payments', serviceaccount: { name: 'api', uid: 'uid' } },
    })
    const ask = (token: string, query: string) => askWith(story.app.url, token, query)
    const create = 'mutation { createUserKey(input: { name: "orders" }) { __typename } }'
    expect((await ask(pod, create)).text).toContain('ForbiddenError')
    const bind = `mutation { bindRole(input: { subject: "service-account:cluster/system:serviceaccount:payments:api", role: PROJECT_MEMBER }) { __typename } }`
    expect((await ask(alice, bind)).text).toContain('ForbiddenError')
    await story
      .as({ name: 'root', roles: ['PROJECT_ADMIN'], project: 'payments' })
      .mutate('bindRole', { subject: 'user:alice', role: 'PROJECT_ADMIN' })
    expect((await ask(alice, bind)).text).toContain('BindRolePayload')
    expect((await ask(pod, create)).text).toContain('CreateUserKeyPayload')
    const viewer = await ask(pod, '{ viewer { roles boundRoles subject { id } } }')
    expect(JSON.parse(viewer.text).data.viewer).toEqual({
      roles: ['PROJECT_MEMBER'],
      boundRoles: ['PROJECT_MEMBER'],
      subject: { id: 'service-account:cluster/system:serviceaccount:payments:api' },
    })
  })
})

async function askWith(url: string, token: string, query: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  return { status: response.status, text: await response.text() }
}
