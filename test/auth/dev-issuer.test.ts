import { describe, expect, test } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.ts'
import { createDevIssuer } from '../../src/auth/dev-issuer.ts'
import { UnauthenticatedError } from '../../src/auth/errors.ts'
import { readConfig } from '../../src/config.ts'
import { configWith, createFakeClock, issuerWith } from './tokens.ts'

async function start(environment: Record<string, string> = {}) {
  const config = readConfig(environment)
  const clock = createFakeClock()
  const issuer = await createDevIssuer({ clock, config })
  const authenticator = createAuthenticator({ config, clock, issuers: [issuer.issuer] })
  const signIn = async (persona: string) =>
    authenticator.authenticate(`Bearer ${await issuer.issue(persona)}`)
  return { clock, issuer, authenticator, signIn }
}

describe('the issuer of development mode', () => {
  test.each([
    ['admin', { subject: 'user:ada', kind: 'USER', roles: new Set(['PROJECT_ADMIN']), groups: [] }],
    [
      'member',
      { subject: 'user:max', kind: 'USER', roles: new Set(['PROJECT_MEMBER']), groups: ['payments'] },
    ],
    ['outsider', { subject: 'user:olga', kind: 'USER', roles: new Set(['PROJECT_MEMBER']), groups: [] }],
    [
      'agent',
      { subject: 'service-agent:Secrets Manager', kind: 'SERVICE_AGENT', roles: new Set(), groups: [] },
    ],
  ])('signs in the persona %s', async (persona, expected) => {
    const { signIn } = await start()
    expect(await signIn(persona)).toMatchObject({ ...expected, projectId: 'demo' })
  })

  test('describes each of its four personas in one sentence', async () => {
    const { issuer } = await start()
    expect(issuer.personas.map(({ name }) => name)).toEqual(['admin', 'member', 'outsider', 'agent'])
    for (const { description } of issuer.personas) expect(description).toMatch(/^[A-Z][^.]+\.$/)
  })

  test('has no token for anybody else', async () => {
    const { issuer } = await start()
    for (const name of ['', 'root', 'constructor']) {
      await expect(issuer.issue(name)).rejects.toThrow('unknown persona')
    }
  })

  test('follows the configured audience and claim names', async () => {
    const { signIn } = await start({
      AUTH_AUDIENCE: 'kms',
      AUTH_CLAIM_PROJECT: 'tenant.id',
      AUTH_CLAIM_ROLES: 'https://keystead.test/roles',
      AUTH_CLAIM_GROUPS: 'memberships',
      AUTH_CLAIM_KIND: 'caller_type',
      AUTH_CLAIM_SUBJECT: 'username',
    })
    expect(await signIn('member')).toMatchObject({
      subject: 'user:max',
      projectId: 'demo',
      roles: new Set(['PROJECT_MEMBER']),
      groups: ['payments'],
    })
  })

  test('makes tokens that end after an hour, and a new one each time', async () => {
    const { clock, issuer, authenticator } = await start()
    const header = `Bearer ${await issuer.issue('admin')}`
    const { tokenExpiresAt, tokenId } = await authenticator.authenticate(header)
    expect(tokenExpiresAt.getTime() - clock.now().getTime()).toBe(3_600_000)
    clock.advanceSeconds(3600 + 30)
    await expect(authenticator.authenticate(header)).rejects.toThrow('expired')
    const renewed = await authenticator.authenticate(`Bearer ${await issuer.issue('admin')}`)
    expect(renewed.tokenId).not.toBe(tokenId)
  })

  test('is not trusted by another server, nor by one with a configured issuer', async () => {
    const token = `Bearer ${await (await start()).issuer.issue('admin')}`
    const another = await start()
    await expect(another.authenticator.authenticate(token)).rejects.toBeInstanceOf(UnauthenticatedError)

    const { issuer, clock } = await start()
    const configured = createAuthenticator({
      config: configWith(),
      clock,
      issuers: [issuerWith(issuer.issuer.keySource)],
    })
    const own = configured.authenticate(`Bearer ${await issuer.issue('admin')}`)
    await expect(own).rejects.toThrow('issuer that this server does not trust')
  })
})
