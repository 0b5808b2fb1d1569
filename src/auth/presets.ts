import * as v from 'valibot'
import {
  filledText,
  kindSource,
  parseWith,
  roleSources,
  SchemaError,
  textList,
  textSource,
  textSources,
} from './rules-schema.ts'

/** Settings of a preset as they stand in the file. */
type Given = Readonly<Record<string, unknown>>
type Members = Readonly<Record<string, v.GenericSchema<unknown, unknown>>>

/** Members of an entry for one provider. They are written in the form of the file, and read like it. */
export interface Preset {
  /** Settings that the entry must give. */
  readonly required: Members
  /** Settings besides those that every preset has. */
  readonly optional?: Members
  expand(settings: Given): object
}

/** Settings that every preset has. They replace what the preset takes from the token. */
const common: Members = {
  displayName: textSources,
  groups: textSources,
  roles: roleSources,
  prefixNames: v.boolean(),
}

const service = 'SERVICE_ACCOUNT'
const user = 'USER'
const project = { project: textSource }
const audience = { audience: filledText }
/** Claims of OpenID Connect that a person is recognised by. */
const nameClaims = [{ claim: 'name' }, { claim: 'preferred_username' }]
const textMap = v.pipe(
  v.record(filledText, filledText, 'must be an object with a project for each name'),
  v.check((map) => Object.keys(map).length > 0, 'must not be empty'),
)

/** Builds a rule: the settings replace display name, groups and roles of the preset. */
function rule(given: Given, members: Readonly<Record<string, unknown>>): object {
  const { project: from, displayName, groups, roles, prefixNames } = given
  return {
    ...(from !== undefined && { project: from }),
    ...members,
    ...(displayName !== undefined && { displayName }),
    ...(groups !== undefined && { groups }),
    ...(roles !== undefined && { roles }),
    ...(prefixNames !== undefined && { prefixNames }),
  }
}

/** A client whose token names itself as the subject is a service; everything with the scope "openid" is a user. */
function subjectIsClient(
  given: Given,
  { client, scope, ...members }: { client: string; scope: string } & Readonly<Record<string, unknown>>,
): readonly object[] {
  const base = { subject: { claim: 'sub' }, ...members }
  return [
    rule(given, { ...base, when: [{ claim: scope, contains: 'openid' }], kind: user }),
    rule(given, { ...base, when: [{ claim: 'sub', equalsClaim: client }], kind: service }),
    rule(given, { ...base, when: [{ claim: client, present: true }], kind: user }),
  ]
}

/** All presets by name. */
export const presets: Readonly<Record<string, Preset>> = {
  rfc9068: {
    required: { ...audience, ...project },
    expand: (given) => ({
      audiences: [given['audience']],
      tokens: 'rfc9068',
      rules: subjectIsClient(given, {
        client: 'client_id',
        scope: 'scope',
        groups: { claim: 'groups' },
        roles: { claim: 'roles', separator: ' ' },
        displayName: nameClaims,
      }),
    }),
  },
  keycloak: {
    required: { client: filledText, ...project },
    expand(given) {
      const base = {
        subject: { claim: 'sub' },
        // People can change their "name".
        displayName: [{ claim: 'preferred_username' }, { claim: 'name' }],
        groups: { claim: 'groups', cutPrefix: '/' },
        roles: { claim: ['resource_access', given['client'], 'roles'] },
      }
      const isAccessToken = { claim: 'typ', equals: 'Bearer' }
      return {
        audiences: [given['client']],
        rules: [
          rule(given, {
            ...base,
            when: [isAccessToken, { claim: 'client_id', present: true }],
            kind: service,
          }),
          // A client of an imported realm may be without the scope that adds "client_id". People have sessions, services none.
          rule(given, {
            ...base,
            when: [
              isAccessToken,
              { claim: 'sid', absent: true },
              { claim: 'preferred_username', startsWith: 'service-account-' },
            ],
            kind: service,
          }),
          rule(given, { ...base, when: [isAccessToken], kind: user }),
        ],
      }
    },
  },
  auth0: {
    required: { ...audience, ...project },
    expand(given) {
      const base = { subject: { claim: 'sub' }, roles: { claim: 'permissions' } }
      return {
        audiences: [given['audience']],
        algorithms: ['RS256', 'PS256'],
        rules: [
          rule(given, { ...base, when: [{ claim: 'gty', equals: 'client-credentials' }], kind: service }),
          rule(given, { ...base, when: [{ claim: 'azp', present: true }], kind: user }),
          // The profile RFC 9068 has no "gty". The ID of a user holds a "|", that of a client does not.
          rule(given, { ...base, when: [{ claim: 'sub', endsWith: '@clients' }], kind: service }),
          rule(given, { ...base, when: [{ claim: 'client_id', present: true }], kind: user }),
        ],
      }
    },
  },
  okta: {
    required: { ...audience, ...project },
    expand(given) {
      const base = { groups: { claim: 'groups' }, roles: { claim: 'roles' } }
      return {
        audiences: [given['audience']],
        rules: [
          rule(given, {
            ...base,
            when: [{ claim: 'uid', present: true }],
            kind: user,
            subject: { claim: 'uid' },
            displayName: { claim: 'sub' },
          }),
          rule(given, {
            ...base,
            when: [{ claim: 'sub', equalsClaim: 'cid' }],
            kind: service,
            subject: { claim: 'cid' },
          }),
        ],
      }
    },
  },
  entra: {
    required: { tenant: filledText, ...audience, ...project },
    expand(given) {
      const isOfTenant = [
        { claim: 'ver', equals: '2.0' },
        { claim: 'tid', equals: given['tenant'] },
      ]
      const base = {
        subject: { claim: 'oid' },
        displayName: nameClaims,
        groups: { claim: 'groups' },
        roles: { claim: 'roles' },
      }
      return {
        issuer: `https://login.microsoftonline.com/${String(given['tenant'])}/v2.0`,
        audiences: [given['audience']],
        algorithms: ['RS256'],
        rules: [
          rule(given, { ...base, when: [...isOfTenant, { claim: 'scp', present: true }], kind: user }),
          rule(given, {
            ...base,
            when: [...isOfTenant, { claim: 'scp', absent: true }, { claim: 'oid', equalsClaim: 'sub' }],
            kind: service,
          }),
        ],
      }
    },
  },
  cognito: {
    required: { clients: textList, ...project },
    optional: { resourceServer: filledText },
    expand(given) {
      const isAccessToken = { claim: 'token_use', equals: 'access' }
      const scopes = `${String(given['resourceServer'] ?? 'keystead')}/`
      const base = {
        audience: { claim: 'client_id', values: given['clients'] },
        subject: { claim: 'sub' },
        groups: { claim: 'cognito:groups' },
      }
      return {
        algorithms: ['RS256'],
        rules: [
          rule(given, {
            ...base,
            when: [isAccessToken, { claim: 'username', present: true }],
            kind: user,
            displayName: { claim: 'username' },
            roles: { claim: 'cognito:groups' },
          }),
          rule(given, {
            ...base,
            when: [isAccessToken, { claim: 'sub', equalsClaim: 'client_id' }],
            kind: service,
            roles: { claim: 'scope', separator: ' ', startsWith: scopes, cutPrefix: scopes },
          }),
        ],
      }
    },
  },
  google: {
    required: { ...audience, projects: textMap },
    expand: (given) => ({
      issuer: 'https://accounts.google.com',
      audiences: [given['audience']],
      algorithms: ['RS256'],
      tokens: 'id',
      // Anyone can get a token of Google for any audience: only service accounts of these projects count.
      rules: Object.entries(given['projects'] as Readonly<Record<string, string>>).map(([id, name]) =>
        rule(given, {
          when: [
            { claim: 'email_verified', equals: true },
            { claim: 'email', endsWith: `@${id}.iam.gserviceaccount.com` },
          ],
          project: name,
          kind: service,
          subject: { claim: 'sub' },
          displayName: { claim: 'email' },
        }),
      ),
    }),
  },
  kubernetes: {
    required: audience,
    optional: { ...project, inCluster: v.boolean() },
    expand: (given) => ({
      audiences: [given['audience']],
      lifetimeMinutesMax: 120,
      ...(given['inCluster'] === true && {
        jwksUrl: 'https://kubernetes.default.svc/openid/v1/jwks',
        caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
        bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      }),
      rules: [
        rule(given, {
          when: [{ claim: 'sub', startsWith: 'system:serviceaccount:' }],
          project: given['project'] ?? { claim: ['kubernetes.io', 'namespace'] },
          kind: service,
          subject: { claim: 'sub' },
        }),
      ],
    }),
  },
  'github-actions': {
    required: { ...audience, ownerId: filledText, repositories: textMap },
    expand: (given) => ({
      issuer: 'https://token.actions.githubusercontent.com',
      audiences: [given['audience']],
      algorithms: ['RS256'],
      rules: [
        rule(given, {
          // The ID, since the name of an owner can be given to another one.
          when: [{ claim: 'repository_owner_id', equals: given['ownerId'] }],
          project: { claim: 'repository', map: given['repositories'] },
          kind: service,
          subject: { claim: 'sub' },
        }),
      ],
    }),
  },
  'gitlab-ci': {
    required: { ...audience, namespaces: textMap },
    expand: (given) => ({
      audiences: [given['audience']],
      algorithms: ['RS256'],
      rules: [
        rule(given, {
          when: [{ claim: 'project_id', present: true }],
          project: { claim: 'namespace_id', map: given['namespaces'] },
          kind: service,
          subject: { claim: 'sub' },
        }),
      ],
    }),
  },
  zitadel: {
    required: { projectId: filledText, apps: textList, ...project },
    expand(given) {
      const base = {
        subject: { claim: 'sub' },
        displayName: nameClaims,
        roles: [{ claim: `urn:zitadel:iam:org:project:${String(given['projectId'])}:roles`, keys: true }],
      }
      return {
        audiences: [given['projectId']],
        rules: [
          // A service user names itself as the client. Nothing else tells it from a person.
          ...(given['apps'] as readonly string[]).map((app) =>
            rule(given, { ...base, when: [{ claim: 'client_id', equals: app }], kind: user }),
          ),
          rule(given, { ...base, when: [{ claim: 'client_id', present: true }], kind: service }),
        ],
      }
    },
  },
  hydra: {
    required: { ...audience, ...project },
    expand: (given) => ({
      audiences: [given['audience']],
      rules: subjectIsClient(given, {
        client: 'client_id',
        scope: 'scp',
        displayName: [{ claim: ['ext', 'name'] }, { claim: 'name' }],
        groups: [{ claim: ['ext', 'groups'] }, { claim: 'groups' }],
        roles: [{ claim: ['ext', 'roles'] }, { claim: 'roles' }],
      }),
    }),
  },
  dex: {
    required: { clients: textList, ...project },
    expand(given) {
      const base = {
        subject: { claim: 'sub' },
        displayName: [{ claim: 'name' }, { claim: 'email' }],
        groups: { claim: 'groups' },
      }
      const absent = ['auth_time', 'email', 'name', 'groups'].map((claim) => ({ claim, absent: true }))
      return {
        audiences: given['clients'],
        tokens: 'id',
        rules: [
          rule(given, { ...base, when: [{ claim: 'auth_time', present: true }], kind: user }),
          rule(given, { ...base, when: [{ claim: 'email', present: true }], kind: user }),
          rule(given, { ...base, when: absent, kind: service }),
        ],
      }
    },
  },
  openbao: {
    required: { ...audience, ...project, kind: kindSource },
    expand: (given) => ({
      audiences: [given['audience']],
      tokens: 'id',
      rules: [
        rule(given, {
          kind: given['kind'],
          subject: { claim: 'sub' },
          displayName: nameClaims,
          groups: { claim: 'groups' },
          roles: { claim: 'roles' },
        }),
      ],
    }),
  },
  spring: {
    required: { audiences: textList, ...project },
    optional: { kind: kindSource },
    expand(given) {
      const base = {
        subject: { claim: 'sub' },
        displayName: nameClaims,
        groups: { claim: 'groups' },
        roles: { claim: 'roles' },
      }
      // Without a nonce, only the session tells an ID token from an access token.
      const isNoIdToken = { claim: 'sid', absent: true }
      return {
        audiences: given['audiences'],
        rules:
          given['kind'] !== undefined
            ? [rule(given, { ...base, when: [isNoIdToken], kind: given['kind'] })]
            : [
                rule(given, { ...base, when: [{ claim: 'scope', contains: 'openid' }], kind: user }),
                rule(given, {
                  ...base,
                  when: [isNoIdToken, { claim: 'sub', equalsClaim: 'aud' }],
                  kind: service,
                }),
              ],
      }
    },
  },
  casdoor: {
    required: { clients: textList, ...project },
    expand(given) {
      const base = {
        subject: { claim: 'sub' },
        displayName: [{ claim: 'displayName' }, { claim: 'name' }],
        groups: { claim: 'groups' },
        roles: { claim: 'roles', each: 'name' },
      }
      return {
        audiences: given['clients'],
        tokens: 'id',
        rules: [
          rule(given, { ...base, when: [{ claim: 'type', equals: 'application' }], kind: service }),
          rule(given, { ...base, when: [{ claim: 'sub', startsWith: 'admin/' }], kind: service }),
          rule(given, { ...base, when: [{ claim: 'tokenType', equals: 'access-token' }], kind: user }),
        ],
      }
    },
  },
  spiffe: {
    required: { trustDomain: filledText, ...audience },
    optional: project,
    expand(given) {
      const trustDomain = String(given['trustDomain'])
      return {
        trustDomain,
        audiences: [given['audience']],
        rules: [
          rule(given, {
            when: [{ claim: 'sub', startsWith: `spiffe://${trustDomain}/` }],
            project: given['project'] ?? {
              claim: 'sub',
              template: `spiffe://${trustDomain}/ns/{project}/sa/{name}`,
              part: 'project',
            },
            kind: service,
            subject: { claim: 'sub' },
          }),
        ],
      }
    },
  },
}

/**
 * Replaces `preset` and `settings` of an entry by what the preset makes of them. Members that the entry has itself count.
 *
 * @throws SchemaError that names the setting
 */
export function expandPreset(entry: unknown, place: string): unknown {
  if (typeof entry !== 'object' || entry === null || !Object.hasOwn(entry, 'preset')) return entry
  const { preset: name, settings, ...own } = entry as Given
  const known = Object.keys(presets)
  const preset =
    presets[parseWith(v.picklist(known, `must be one of ${known.join(', ')}`), name, `${place}.preset`)]
  if (preset === undefined) throw new TypeError('unknown preset')
  if (Object.hasOwn(own, 'rules')) throw new SchemaError(`${place} must not have both "preset" and "rules"`)
  const optional = { ...common, ...preset.optional }
  const schema = v.strictObject({
    ...preset.required,
    ...Object.fromEntries(Object.entries(optional).map(([member, each]) => [member, v.optional(each)])),
  })
  parseWith(schema, settings ?? {}, `${place}.settings`)
  const { issuer, trustDomain, ...expanded } = preset.expand((settings ?? {}) as Given) as Given
  return {
    ...expanded,
    ...(issuer !== undefined && { issuer }),
    // A trust domain chooses the entry only if its tokens name no issuer.
    ...(trustDomain !== undefined && !Object.hasOwn(own, 'issuer') && { trustDomain }),
    ...own,
  }
}
