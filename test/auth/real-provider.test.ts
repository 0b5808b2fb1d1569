import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { Authenticator } from '../../src/keys/rules/caller.ts'
import { type RealProvider, startRealProvider } from './real-provider.ts'
import { authenticatorOf, outcomeOf } from './rule-entries.ts'

let provider: RealProvider
let authenticator: Authenticator

beforeEach(async () => {
  provider = await startRealProvider()
  authenticator = newAuthenticator()
})

function newAuthenticator(): Authenticator {
  return authenticatorOf(
    [
      {
        name: 'sso',
        preset: 'rfc9068',
        issuer: provider.issuer,
        settings: { audience: 'keystead', project: { claim: 'tenant' } },
      },
    ],
    { clock: systemClock },
  )
}

describe('a token of a certified provider, whose keys are discovered,', () => {
  test('makes a user of a person who logs in with code and PKCE', async () => {
    const { access_token } = await provider.logIn('alice')
    expect(await outcomeOf(authenticator, access_token)).toMatchObject({
      subject: 'user:alice',
      projectId: 'shop',
      groups: ['payments'],
      roles: new Set(['KMS_MANAGER']),
    })
  })

  test('makes a service account of a client with its credentials', async () => {
    const { access_token } = await provider.serve()
    expect(await outcomeOf(authenticator, access_token)).toMatchObject({
      subject: 'service-account:payments',
      projectId: 'shop',
      roles: new Set(['KMS_USER']),
    })
  })

  test('keeps a person with the name of the service apart from it', async () => {
    const { access_token } = await provider.logIn('payments')
    expect(await outcomeOf(authenticator, access_token)).toMatchObject({ subject: 'user:payments' })
  })

  test('is refused if it is an ID token, or opaque', async () => {
    const { id_token = '' } = await provider.logIn('alice')
    expect(await outcomeOf(authenticator, id_token)).toMatchObject({
      entry: 'sso',
      reason: expect.stringContaining('not an access token'),
    })
    const opaque = [
      await provider.logIn('alice', { resource: false }),
      await provider.serve({ resource: false }),
    ]
    for (const { access_token } of opaque) {
      expect(await outcomeOf(authenticator, access_token)).toMatchObject({
        reason: expect.stringContaining('opaque'),
      })
    }
  })

  test('signed with a key that is new since the last fetch is accepted at once', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    // Its time has to be the one that stands still, too.
    authenticator = newAuthenticator()
    const accepted = expect.objectContaining({ subject: 'service-account:payments' })
    expect(await outcomeOf(authenticator, (await provider.serve()).access_token)).toEqual(accepted)
    provider.rotate()
    vi.advanceTimersByTime(1)
    const { access_token } = await provider.serve()
    expect(await outcomeOf(authenticator, access_token)).toEqual(accepted)
  })
})
