import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTVerifyGetKey, SignJWT } from 'jose'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'

/** Someone to be while trying Keystead out. */
export interface Persona {
  readonly name: string
  /** One line for people. */
  readonly description: string
  readonly subject: string
  readonly kind: 'USER' | 'SERVICE_AGENT'
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

/** The personas of development mode, all in the project "demo". */
export const personas: readonly Persona[] = [
  {
    name: 'admin',
    description: 'Ada, administrator of the project',
    subject: 'ada',
    kind: 'USER',
    roles: ['PROJECT_ADMIN'],
    groups: [],
  },
  {
    name: 'member',
    description: 'Max, a member of the project and of the group "payments"',
    subject: 'max',
    kind: 'USER',
    roles: ['PROJECT_MEMBER'],
    groups: ['payments'],
  },
  {
    name: 'outsider',
    description: 'Olga, a member of the project who is on no access list',
    subject: 'olga',
    kind: 'USER',
    roles: ['PROJECT_MEMBER'],
    groups: [],
  },
  {
    name: 'agent',
    description: 'the service "Secrets Manager", which has a service key of its own',
    subject: 'Secrets Manager',
    kind: 'SERVICE_AGENT',
    roles: [],
    groups: [],
  },
]

/** Makes tokens for development mode; its key is gone when the process ends. */
export interface DevIssuer {
  readonly issuer: string
  readonly keySource: JWTVerifyGetKey
  /** A token for a persona, good for an hour; null if there is no such persona. */
  issue(personaName: string): Promise<string | null>
}

const algorithm = 'EdDSA'

/** Builds an issuer with a fresh Ed25519 key. */
export async function createDevIssuer({
  clock,
  config,
}: {
  clock: Clock
  config: Config
}): Promise<DevIssuer> {
  const issuer = 'urn:keystead:development'
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  return {
    issuer,
    keySource: createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: algorithm }] }),
    async issue(personaName) {
      const persona = personas.find(({ name }) => name === personaName)
      if (persona === undefined) return null
      const issuedAtSeconds = Math.floor(clock.now().getTime() / 1000)
      return new SignJWT({
        client_id: 'development',
        [config.AUTH_CLAIM_PROJECT]: 'demo',
        [config.AUTH_CLAIM_ROLES]: [...persona.roles],
        [config.AUTH_CLAIM_GROUPS]: [...persona.groups],
        [config.AUTH_CLAIM_KIND]: persona.kind,
        sub: persona.subject,
        [config.AUTH_CLAIM_SUBJECT]: persona.subject,
      })
        .setProtectedHeader({ alg: algorithm, typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience(config.AUTH_AUDIENCE)
        .setJti(randomUUID())
        .setIssuedAt(issuedAtSeconds)
        .setExpirationTime(issuedAtSeconds + 3600)
        .sign(privateKey)
    },
  }
}
