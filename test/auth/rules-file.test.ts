import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { IssuersFileError } from '../../src/auth/errors.ts'
import { createTrustedIssuers } from '../../src/auth/jwks.ts'
import {
  authenticatorOf,
  configOf,
  foreignClaims,
  newFolder,
  outcomeOf,
  plainRule,
  signerWithFile,
} from './rule-entries.ts'
import { configWith, issuer } from './tokens.ts'

function entryWith(members: object = {}): object {
  return {
    name: 'corp',
    issuer,
    audiences: ['keystead'],
    jwksUrl: 'https://keys.test',
    rules: [plainRule],
    ...members,
  }
}

function ruleWith(members: object): object {
  return entryWith({ rules: [{ ...plainRule, ...members }] })
}

/** Why a file with these entries is refused. */
function faultOf(...entries: unknown[]): string {
  try {
    createTrustedIssuers(configOf(entries))
  } catch (error) {
    if (error instanceof IssuersFileError)
      return error.message.replace(/^.*\(AUTH_ISSUERS_FILE\) is invalid: /, '')
    throw error
  }
  throw new Error('the file was accepted')
}

describe('a file with rules names the place of what is wrong:', () => {
  test.each<[unknown, string]>([
    ['x', 'issuers[0] must be an object'],
    [{}, 'issuers[0].name is missing'],
    [entryWith({ name: 'Corp' }), 'issuers[0].name must have 1 to 32 lowercase letters'],
    [entryWith({ name: 'AUTH_ISSUER' }), 'issuers[0].name must have 1 to 32 lowercase letters'],
    [entryWith({ nmae: 'x' }), 'issuers[0] must not have a member "nmae"'],
    [entryWith({ issuer: undefined }), 'issuers[0] must have exactly one of issuer and trustDomain'],
    [
      entryWith({ trustDomain: 'shop.example' }),
      'issuers[0] must have exactly one of issuer and trustDomain',
    ],
    [entryWith({ audiences: undefined }), 'issuers[0] must have audiences'],
    [entryWith({ audiences: [] }), 'issuers[0].audiences must not be empty'],
    [entryWith({ audiences: 'keystead' }), 'issuers[0].audiences must be a list'],
    [entryWith({ jwksUrl: 'http://keys.test' }), 'issuers[0].jwksUrl must be an https URL'],
    [entryWith({ jwksFile: 'a' }), 'issuers[0] must have at most one of jwksUrl, jwksFile and discoveryUrl'],
    [
      entryWith({ jwksUrl: undefined, issuer: 'urn:x' }),
      'issuers[0] must have jwksUrl, jwksFile or discoveryUrl',
    ],
    [entryWith({ jwksUrl: undefined, jwksFile: 'a', caFile: 'b' }), 'issuers[0] must not have caFile'],
    [entryWith({ algorithms: ['HS256'] }), 'issuers[0].algorithms must list signature algorithms'],
    [entryWith({ algorithms: ['none'] }), 'issuers[0].algorithms must list signature algorithms'],
    [entryWith({ tokens: 'any' }), 'issuers[0].tokens must be one of access, rfc9068, id'],
    [entryWith({ lifetimeMinutesMax: 0 }), 'issuers[0].lifetimeMinutesMax must be at least 1'],
    [entryWith({ kinds: ['ROOT'] }), 'issuers[0].kinds[0] must be one of USER'],
    [entryWith({ projects: [] }), 'issuers[0].projects must not be empty'],
    [entryWith({ rules: undefined }), 'issuers[0].rules is missing'],
    [entryWith({ rules: [] }), 'issuers[0].rules must have a rule'],
    [
      entryWith({ rules: [plainRule, plainRule] }),
      'issuers[0].rules must have conditions ("when") in each rule but',
    ],
    [ruleWith({ projcet: 'a' }), 'issuers[0].rules[0] must not have a member "projcet"'],
    [ruleWith({ project: undefined }), 'issuers[0].rules[0].project is missing'],
    [
      ruleWith({ project: 1 }),
      'issuers[0].rules[0].project must be a string, or an object with "claim" or "join"',
    ],
    [ruleWith({ project: '' }), 'issuers[0].rules[0].project must not be empty'],
    [ruleWith({ project: { claim: [] } }), 'issuers[0].rules[0].project.claim must have a step'],
    [ruleWith({ project: { claim: ['a', 1] } }), 'issuers[0].rules[0].project.claim[1] must be a string'],
    [ruleWith({ project: { claim: 1 } }), 'issuers[0].rules[0].project.claim must be the name of a claim'],
    [ruleWith({ project: { clam: 'a' } }), 'issuers[0].rules[0].project.claim is missing'],
    [
      ruleWith({ project: { claim: 'a', regex: '.*' } }),
      'issuers[0].rules[0].project must not have a member "regex"',
    ],
    [
      ruleWith({ project: { claim: 'a', map: { x: 1 } } }),
      'issuers[0].rules[0].project.map.x must be a string',
    ],
    [
      ruleWith({ project: { claim: 'a', template: '{x}{y}' } }),
      'issuers[0].rules[0].project.template must have text between',
    ],
    [
      ruleWith({ project: { claim: 'a', template: '{x}/{y}' } }),
      'issuers[0].rules[0].project must name with "part"',
    ],
    [ruleWith({ project: { claim: 'a', part: 'x' } }), 'issuers[0].rules[0].project must name with "part"'],
    [
      ruleWith({ project: { join: ['a'], separator: '/' } }),
      'issuers[0].rules[0].project.join must have at least two',
    ],
    [ruleWith({ project: { join: ['a', 'b'] } }), 'issuers[0].rules[0].project.separator is missing'],
    [
      ruleWith({ kind: 'GROUP' }),
      'issuers[0].rules[0].kind must be one of USER, SERVICE_ACCOUNT, SERVICE_AGENT',
    ],
    [ruleWith({ kind: undefined }), 'issuers[0].rules[0].kind is missing'],
    [ruleWith({ roles: ['KMS_ADMIN'] }), 'issuers[0].rules[0].roles[0] must be one of PROJECT_ADMIN'],
    [
      ruleWith({ roles: { claim: 'groups', map: { 'a/b': 'kms_user' } } }),
      'issuers[0].rules[0].roles.map["a/b"] must be one of PROJECT_ADMIN',
    ],
    [ruleWith({ when: [] }), 'issuers[0].rules[0].when must not be empty'],
    [ruleWith({ when: [{ claim: 'a' }] }), 'issuers[0].rules[0].when[0] must have exactly one of equals'],
    [
      ruleWith({ when: [{ claim: 'a', equals: 'b', present: true }] }),
      'issuers[0].rules[0].when[0] must have exactly one of equals',
    ],
    [
      ruleWith({ when: [{ claim: 'a', present: false }] }),
      'issuers[0].rules[0].when[0].present must be true',
    ],
    [
      ruleWith({ when: [{ claim: 'a', equals: null }] }),
      'issuers[0].rules[0].when[0].equals must be a string, a number',
    ],
    [
      ruleWith({ audience: { claim: 'client_id', values: ['a'] } }),
      'issuers[0].rules[0] must have a condition with "equals" on the type of the token',
    ],
    [
      ruleWith({ kind: 'SERVICE_AGENT', prefixNames: true }),
      'issuers[0].rules[0] must not prefix names of service agents',
    ],
    [entryWith({ preset: 'keycloak' }), 'issuers[0] must not have both "preset" and "rules"'],
    [{ name: 'corp', preset: 'keycloack' }, 'issuers[0].preset must be one of rfc9068, keycloak'],
    [{ name: 'corp', preset: 'toString' }, 'issuers[0].preset must be one of rfc9068, keycloak'],
    [{ name: 'corp', preset: 'keycloak', issuer }, 'issuers[0].settings.client is missing'],
    [
      { name: 'corp', preset: 'keycloak', issuer, settings: { client: 'a', projects: 'b' } },
      'issuers[0].settings.project is missing',
    ],
    [
      { name: 'corp', preset: 'keycloak', issuer, settings: { client: 'a', project: 'b', x: 1 } },
      'issuers[0].settings must not have a member "x"',
    ],
    [
      { name: 'corp', preset: 'keycloak', issuer, settings: { client: 'a', project: { claim: 1 } } },
      'issuers[0].settings.project.claim must be the name of a claim',
    ],
  ])('%j', (entry, expected) => {
    expect(faultOf(entry)).toContain(expected)
  })

  test('two entries with one name', () => {
    expect(faultOf(entryWith(), entryWith())).toBe('issuers[1].name is the name of another entry')
  })

  test.each<[unknown, string]>([
    [{ version: 3, issuers: [] }, 'version must be 2'],
    [{ version: 2 }, 'issuers is missing'],
    [{ version: 2, issuers: [] }, 'issuers must have an entry'],
    [{ version: 2, issuers: [entryWith()], extra: 1 }, 'the file must not have a member "extra"'],
  ])('%j', (content, expected) => {
    const file = join(newFolder(), 'issuers.json')
    writeFileSync(file, JSON.stringify(content))
    expect(() =>
      createTrustedIssuers(
        configWith({ AUTH_ISSUERS_FILE: file, AUTH_JWKS_FILE: '', AUTH_JWKS_URL: 'https://a.test' }),
      ),
    ).toThrow(expected)
  })
})

describe('a file of the first form', () => {
  test('is read on, with a warning', () => {
    const file = join(newFolder(), 'issuers.json')
    writeFileSync(
      file,
      JSON.stringify({ issuers: [{ issuer: 'https://a.test', audience: 'a', jwksUrl: 'https://a.test' }] }),
    )
    const warnings: string[] = []
    const config = configWith({
      AUTH_ISSUERS_FILE: file,
      AUTH_JWKS_FILE: '',
      AUTH_JWKS_URL: 'https://a.test',
    })
    expect(createTrustedIssuers(config, { warn: (text) => warnings.push(text) })).toHaveLength(2)
    expect(warnings).toEqual([expect.stringContaining('first form')])
  })

  test('of the form with rules has no warning', () => {
    const warnings: string[] = []
    createTrustedIssuers(configOf([entryWith()]), { warn: (text) => warnings.push(text) })
    expect(warnings).toEqual([])
  })
})

describe('several entries with one issuer', () => {
  test('are told apart by their keys', async () => {
    const [one, two] = [await signerWithFile('EdDSA', 'same'), await signerWithFile('EdDSA', 'same')]
    const stranger = await signerWithFile('EdDSA', 'same')
    const authenticator = authenticatorOf([
      entryWith({
        name: 'one',
        jwksUrl: undefined,
        jwksFile: one.jwksFile,
        rules: [{ ...plainRule, project: 'first' }],
      }),
      entryWith({
        name: 'two',
        jwksUrl: undefined,
        jwksFile: two.jwksFile,
        rules: [{ ...plainRule, project: 'second' }],
      }),
    ])
    expect(await outcomeOf(authenticator, await one.signer.sign(foreignClaims()))).toMatchObject({
      projectId: 'first',
    })
    expect(await outcomeOf(authenticator, await two.signer.sign(foreignClaims()))).toMatchObject({
      projectId: 'second',
    })
    expect(await outcomeOf(authenticator, await stranger.signer.sign(foreignClaims()))).toMatchObject({
      entry: 'one',
      rule: null,
    })
  })

  test('and one set of keys are told apart by their audiences, and a refusing rule is final', async () => {
    const { signer, jwksFile } = await signerWithFile()
    const common = { jwksUrl: undefined, jwksFile }
    const authenticator = authenticatorOf([
      entryWith({ ...common, name: 'one', rules: [{ ...plainRule, project: { claim: 'none' } }] }),
      entryWith({ ...common, name: 'two', audiences: ['other'] }),
      entryWith({ ...common, name: 'three' }),
    ])
    const other = await signer.sign(foreignClaims({ aud: 'other' }))
    expect(await outcomeOf(authenticator, other)).toMatchObject({ projectId: 'shop' })
    expect(await outcomeOf(authenticator, await signer.sign(foreignClaims()))).toMatchObject({
      entry: 'one',
      rule: 0,
    })
    expect(await outcomeOf(authenticator, await signer.sign(foreignClaims({ aud: 'none' })))).toMatchObject({
      entry: 'one',
      message: expect.stringContaining('made for another service'),
    })
  })

  test('pass a token for another audience on, whatever else they refuse of it', async () => {
    const { signer, jwksFile } = await signerWithFile()
    const common = { jwksUrl: undefined, jwksFile }
    const authenticator = authenticatorOf([
      entryWith({ ...common, name: 'access', audiences: ['ka'], tokens: 'access', lifetimeMinutesMax: 1 }),
      entryWith({ ...common, name: 'rfc9068', audiences: ['kc'], tokens: 'rfc9068' }),
      entryWith({ ...common, name: 'id', audiences: ['kb'], tokens: 'id' }),
    ])
    const idToken = await signer.sign(foreignClaims({ aud: 'kb', nonce: 'n' }))
    expect(await outcomeOf(authenticator, idToken)).toMatchObject({ subject: 'user:alice' })
    const forAccess = await signer.sign(foreignClaims({ aud: 'ka', nonce: 'n' }))
    expect(await outcomeOf(authenticator, forAccess)).toMatchObject({ entry: 'access' })
  })

  test('say, if none accepts a token, why that one refuses it whose keys have verified it', async () => {
    const [one, two] = [await signerWithFile('EdDSA', 'same'), await signerWithFile('EdDSA', 'same')]
    const authenticator = authenticatorOf([
      entryWith({ name: 'one', jwksUrl: undefined, jwksFile: one.jwksFile }),
      entryWith({ name: 'two', jwksUrl: undefined, jwksFile: two.jwksFile }),
    ])
    const token = await two.signer.sign(foreignClaims({ aud: 'none' }))
    expect(await outcomeOf(authenticator, token)).toMatchObject({
      entry: 'two',
      reason: `the audience ("aud") is none of the entry's`,
    })
  })
})

test('a token without an issuer is for the entry of its trust domain', async () => {
  const { signer, jwksFile } = await signerWithFile()
  const members = { issuer: undefined, trustDomain: 'shop.example', jwksUrl: undefined, jwksFile }
  const authenticator = authenticatorOf([entryWith(members)])
  const sign = (sub: string, iss?: string) => signer.sign(foreignClaims({ iss, sub }))
  const name = 'spiffe://shop.example/ns/payments/sa/api'
  expect(await outcomeOf(authenticator, await sign(name))).toMatchObject({ name })
  for (const sub of ['spiffe://shop.example.evil/ns/a/sa/b', 'spiffe://shop.example', 'alice']) {
    expect(await outcomeOf(authenticator, await sign(sub))).toMatchObject({ entry: null })
  }
  expect(await outcomeOf(authenticator, await sign(name, issuer))).toMatchObject({ entry: null })
})
