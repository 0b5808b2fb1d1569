import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.ts'
import { createTrustedIssuers } from '../../src/auth/jwks.ts'
import { runKeystead } from '../../src/cli/keystead.ts'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { foreignClaims, newFolder, plainRule, signerWithFile } from '../auth/rule-entries.ts'
import { issuer } from '../auth/tokens.ts'

const nowSeconds = Math.floor(Date.now() / 1000)
const live = { iat: nowSeconds, exp: nowSeconds + 600 }

async function check(...args: string[]) {
  const printed: string[] = []
  const said: string[] = []
  const code = await runKeystead(['auth', 'check', ...args], {
    environment: {},
    print: async (line) => void printed.push(line),
    progress: async (line) => void said.push(line),
    listenForStop: () => new AbortController().signal,
  })
  return { code, printed: printed.join('\n'), said: said.join('\n') }
}

async function fileWith(...changes: object[]) {
  const { signer, jwksFile } = await signerWithFile()
  const rules = [
    { ...plainRule, when: [{ claim: 'client_id', present: true }], kind: 'SERVICE_ACCOUNT' },
    { ...plainRule, groups: { claim: 'groups' }, roles: { claim: 'roles' } },
  ]
  const issuers = changes.map((each) => ({
    name: 'sso',
    issuer,
    audiences: ['keystead'],
    jwksFile,
    rules,
    ...each,
  }))
  const file = join(newFolder(), 'issuers.json')
  writeFileSync(file, JSON.stringify({ version: 2, issuers }))
  return { file, signer }
}

describe('keystead auth check', () => {
  it('prints the entries, their rules and what may be a mistake', async () => {
    const { file } = await fileWith({ audiences: ['account', issuer] }, { name: 'twin' })
    const { code, printed } = await check(file)
    expect(code).toBe(0)
    expect(printed).toContain(`Entry sso: issuer ${issuer}, keys from `)
    expect(printed).toContain('  Rule 0: when "client_id" is present\n  Rule 1: always')
    expect(printed).toContain('Warning: "account" is in the tokens of all clients of Keycloak')
    expect(printed).toContain('Warning: the issuer is its own audience')
    expect(printed).toContain('Warning: the entry twin has the same issuer')
    expect(printed).toContain('The file is valid.')
  })

  it('names the place of a mistake in the file', async () => {
    const { file } = await fileWith({ rules: [{ ...plainRule, kind: 'PERSON' }] })
    const { code, said } = await check(file)
    expect({ code, said }).toEqual({
      code: 1,
      said: expect.stringContaining('issuers[0].rules[0].kind must be one of'),
    })
    expect(await check(join(file, 'none'))).toMatchObject({
      code: 1,
      said: expect.stringContaining('cannot be read as JSON'),
    })
  })

  it('prints what each rule makes of a token', async () => {
    const { file, signer } = await fileWith({})
    const token = await signer.sign(
      foreignClaims({ ...live, groups: ['payments', 'ops'], roles: ['KMS_USER'] }),
    )
    const { code, printed } = await check(file, token)
    expect(code).toBe(0)
    expect(printed).toContain('Rule 0 does not match: it needs that "client_id" is present')
    expect(printed).toContain(
      'Rule 1 matches:\n    project  shop\n    subject  user:alice\n    groups   payments, ops\n    roles    KMS_USER',
    )
    expect(printed).toContain('The token is accepted if its signature verifies.')
  })

  it('prints the display name of a caller that has one', async () => {
    const { file, signer } = await fileWith({ rules: [{ ...plainRule, displayName: { claim: 'name' } }] })
    const { printed } = await check(
      file,
      await signer.sign(foreignClaims({ ...live, name: 'Alice Example' })),
    )
    expect(printed).toContain('\n    subject  user:alice\n    shown as Alice Example\n')
  })

  it('prints why a token is refused', async () => {
    const { file, signer } = await fileWith({})
    const refusalOf = async (claims: object, header = {}) => {
      const { code, printed } = await check(
        file,
        await signer.sign(foreignClaims({ ...live, ...claims }), header),
      )
      expect(code).toBe(1)
      expect(printed).toContain('The token is refused.')
      return printed
    }
    expect(await refusalOf({ tenant: ['a', 'b'], client_id: 'x' })).toContain(
      'Refused by rule 0: the project has 2 values and must have one.',
    )
    expect(await refusalOf({ tenant: undefined, client_id: 'x' })).toContain(
      'Rule 1 matches, but rule 0 counts:',
    )
    expect(await refusalOf({ aud: 'other' })).toContain(`the audience ("aud") is none of the entry's`)
    expect(await refusalOf({ exp: nowSeconds - 600 })).toContain('Refused: The token has expired.')
    expect(await refusalOf({ nonce: 'n' })).toContain('Refused: The token is not an access token')
    expect(await refusalOf({ iss: 'https://other.test' })).toContain(
      'Refused: The token is from an issuer that',
    )
    expect(await refusalOf({ cnf: {} })).toContain('bound to a key')
    expect(await refusalOf({}, { typ: 'logout+jwt' })).toContain('not an access token')
    expect((await check(file, 'opaque')).printed).toContain('Refused: The token is opaque')
  })

  it('warns if the audience is the client that asked for the token', async () => {
    const { file, signer } = await fileWith({})
    const { printed } = await check(file, await signer.sign(foreignClaims({ ...live, azp: 'keystead' })))
    expect(printed).toContain('Warning: the audience is the client that asked for the token')
  })

  it('checks the signature with --verify, and only then', async () => {
    const { file, signer } = await fileWith({})
    const other = await signerWithFile()
    const good = await signer.sign(foreignClaims(live))
    const forged = await other.signer.sign(foreignClaims(live))
    expect(await check(file, good, '--verify')).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/The token is accepted\.$/),
    })
    expect(await check(file, forged)).toMatchObject({ code: 0 })
    expect(await check(file, forged, '--verify')).toMatchObject({
      code: 1,
      printed: expect.stringContaining('signature does not verify'),
    })
  })

  it('takes the token from a file', async () => {
    const { file, signer } = await fileWith({})
    const path = join(newFolder(), 'token.jwt')
    writeFileSync(path, `${await signer.sign(foreignClaims(live))}\n`)
    expect(await check(file, '--token-file', path)).toMatchObject({ code: 0 })
    expect(await check(file, '--token-file', `${path}.none`)).toMatchObject({
      code: 1,
      said: expect.stringContaining('cannot be read'),
    })
    expect(await check(file, 'x', '--token-file', path)).toMatchObject({ code: 2 })
    expect(await check(file, 'x', 'y')).toMatchObject({
      code: 2,
      said: expect.stringContaining("Unexpected argument 'y'."),
    })
  })

  it('says of every token what the server does, whatever the entries are', async () => {
    const { signer, jwksFile } = await signerWithFile()
    const unmatched = { when: [{ claim: 'client_id', present: true }] }
    const entries = [
      { audiences: ['ka'], rules: [plainRule] },
      { audiences: ['ka'], rules: [{ ...plainRule, ...unmatched }] },
      { audiences: ['ka'], rules: [{ ...plainRule, project: { claim: 'none' } }] },
      { audiences: ['kb'], rules: [plainRule] },
    ]
    const audiences = ['ka', 'kb', 'kc', ['ka', 'kb']]
    const tokens = await Promise.all(audiences.map((aud) => signer.sign(foreignClaims({ ...live, aud }))))
    for (const [one, two] of entries.flatMap((first) => entries.map((second) => [first, second]))) {
      const issuers = [
        { name: 'one', issuer, jwksFile, ...one },
        { name: 'two', issuer, jwksFile, ...two },
      ]
      const file = join(newFolder(), 'issuers.json')
      writeFileSync(file, JSON.stringify({ version: 2, issuers }))
      await expectAgreement(file, tokens)
    }
  })

  it('says it of files of the first form, too', async () => {
    const { signer, jwksFile } = await signerWithFile()
    const file = join(newFolder(), 'issuers.json')
    const entry = {
      issuer,
      audience: 'keystead',
      jwksFile,
      tokenProfile: 'generic',
      claims: { project: 'tenant' },
    }
    writeFileSync(file, JSON.stringify({ issuers: [{ ...entry, projects: ['shop'] }] }))
    const claims = [{}, { tenant: 'other' }, { aud: 'other' }, { tenant: 7 }]
    const tokens = await Promise.all(claims.map((each) => signer.sign(foreignClaims({ ...live, ...each }))))
    expect(await expectAgreement(file, tokens)).toEqual([true, false, false, false])
  })
})

/** Whether the server accepts each token, which the command has to say as well. */
async function expectAgreement(file: string, tokens: readonly string[]): Promise<readonly boolean[]> {
  const config = readConfig({ AUTH_ISSUERS_FILE: file })
  const server = createAuthenticator({ config, clock: systemClock, issuers: createTrustedIssuers(config) })
  const outcomes: boolean[] = []
  for (const token of tokens) {
    const isAccepted = await server.authenticate(`Bearer ${token}`).then(
      () => true,
      () => false,
    )
    const { code, printed } = await check(file, '--verify', token)
    expect({ file: readFileSync(file, 'utf8'), printed, code }).toMatchObject({ code: isAccepted ? 0 : 1 })
    outcomes.push(isAccepted)
  }
  return outcomes
}
