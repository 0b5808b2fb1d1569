import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { CallerKind, Role } from '../keys/rules/caller.ts'
import { mainIssuerRules, type TrustedIssuer } from './trusted-issuer.ts'

/** The "iss" claim of the tokens of development mode. */
const developmentIssuer = 'urn:keystead:development'

const algorithm = 'EdDSA'
const tokenLifetimeSeconds = 3600
const project = 'demo'

/** A caller of development mode. */
export interface Persona {
  readonly name: string
  /** One sentence. */
  readonly description: string
  /** Name without the kind. */
  readonly subject: string
  readonly kind: CallerKind
  readonly roles: readonly Role[]
  readonly groups: readonly string[]
}

/** The personas of development mode, all in the project "demo". */
export const personas: readonly Persona[] = [
  {
    name: 'admin',
    description: 'Ada administers the project and may do everything in it.',
    subject: 'ada',
    kind: 'USER',
    roles: ['PROJECT_ADMIN'],
    groups: [],
  },
  {
    name: 'member',
    description: 'Max is a member of the project and of the group "payments".',
    subject: 'max',
    kind: 'USER',
    roles: ['PROJECT_MEMBER'],
    groups: ['payments'],
  },
  {
    name: 'outsider',
    description: 'Olga is a member of the project who is on no access list.',
    subject: 'olga',
    kind: 'USER',
    roles: ['PROJECT_MEMBER'],
    groups: [],
  },
  {
    name: 'agent',
    description: 'The service "Secrets Manager" has no role, but a service key of its own.',
    subject: 'Secrets Manager',
    kind: 'SERVICE_AGENT',
    roles: [],
    groups: [],
  },
]

/** Issuer of development mode. Its key exists only in memory. */
export interface DevIssuer {
  readonly personas: readonly Persona[]
  readonly issuer: TrustedIssuer
  /**
   * Issues a token for a persona, valid for an hour.
   *
   * @throws TypeError for an unknown persona
   */
  issue(personaName: string): Promise<string>
}

/** Builds an issuer with a new Ed25519 key (RFC 8037). Its tokens have the configured claim names and audience. */
export async function createDevIssuer({
  clock,
  config,
}: {
  clock: Clock
  config: Config
}): Promise<DevIssuer> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  return {
    personas,
    issuer: {
      ...mainIssuerRules(developmentIssuer, config),
      keySource: createLocalJWKSet({ keys: [await exportJWK(publicKey)] }),
    },
    async issue(personaName) {
      const persona = personas.find(({ name }) => name === personaName)
      if (persona === undefined) throw new TypeError('unknown persona')
      const issuedAtSeconds = Math.floor(clock.now().getTime() / 1000)
      return new SignJWT({
        client_id: 'development',
        sub: persona.subject,
        [config.AUTH_CLAIM_SUBJECT]: persona.subject,
        [config.AUTH_CLAIM_PROJECT]: project,
        [config.AUTH_CLAIM_ROLES]: [...persona.roles],
        [config.AUTH_CLAIM_GROUPS]: [...persona.groups],
        [config.AUTH_CLAIM_KIND]: persona.kind,
      })
        .setProtectedHeader({ alg: algorithm, typ: 'at+jwt' })
        .setIssuer(developmentIssuer)
        .setAudience(config.AUTH_AUDIENCE)
        .setJti(randomUUID())
        .setIssuedAt(issuedAtSeconds)
        .setExpirationTime(issuedAtSeconds + tokenLifetimeSeconds)
        .sign(privateKey)
    },
  }
}
