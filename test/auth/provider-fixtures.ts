/** A token that was made after the documentation of its provider, and what its preset makes of it. */
export interface ProviderFixture {
  readonly entry: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  /** Kind and name of the subject, or a part of the reason why it is refused. */
  readonly expected: {
    readonly subject?: string
    readonly displayName?: string
    readonly project?: string
    readonly groups?: readonly string[]
    readonly roles?: readonly string[]
    readonly refused?: string
  }
}

const times = { iat: 1_795_000_000, exp: 1_795_003_600 }

const auth0 = {
  preset: 'auth0',
  issuer: 'https://shop.eu.auth0.com/',
  settings: { audience: 'https://keystead.example.com', project: 'shop' },
}
const auth0User = {
  ...times,
  iss: 'https://shop.eu.auth0.com/',
  sub: 'auth0|507f1f77bcf86cd799439020',
  aud: ['https://keystead.example.com', 'https://shop.eu.auth0.com/userinfo'],
  azp: 'my-console',
  scope: 'openid profile',
  permissions: ['KMS_USER'],
}
const okta = {
  preset: 'okta',
  issuer: 'https://shop.okta.com/oauth2/aus1',
  settings: {
    audience: 'api://keystead',
    project: 'shop',
    roles: { claim: 'groups', map: { 'kms-users': 'KMS_USER' } },
  },
}
const oktaUser = {
  ...times,
  ver: 1,
  jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
  iss: 'https://shop.okta.com/oauth2/aus1',
  aud: 'api://keystead',
  sub: 'alice@shop.example',
  cid: '0oaconsole',
  uid: '00ualice',
  scp: ['openid'],
  groups: ['kms-users', 'Everyone'],
}
const tenant = '72f988bf-0000-4000-8000-2d7cd011db47'
const entra = {
  preset: 'entra',
  settings: { tenant, audience: 'b14a7505-0000-4000-8000-927410d605e9', project: 'shop' },
}
const entraUser = {
  ...times,
  aud: 'b14a7505-0000-4000-8000-927410d605e9',
  iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
  tid: tenant,
  ver: '2.0',
  azp: '6e74172b-0000-4000-8000-ca78de3b6f1d',
  oid: '690222be-0000-4000-8000-d127e4c7c126',
  sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
  scp: 'access_as_user',
  name: 'Alice Example',
  preferred_username: 'alice@shop.example',
  roles: ['KMS_USER'],
  groups: ['0e129f20-0000-4000-8000-8f2f0d4a1d8e'],
}
const entraApp = {
  ...entraUser,
  scp: undefined,
  name: undefined,
  preferred_username: undefined,
  groups: undefined,
  oid: 'd3c1f1a2-0000-4000-8000-4f2f0d4a1d8e',
  sub: 'd3c1f1a2-0000-4000-8000-4f2f0d4a1d8e',
}
const pool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example'
const cognito = {
  preset: 'cognito',
  issuer: pool,
  settings: { clients: ['57cbishk4j24pabc1234567890'], project: 'shop' },
}
const cognitoUser = {
  ...times,
  sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  'cognito:groups': ['KMS_USER', 'ops'],
  iss: pool,
  version: 2,
  client_id: '57cbishk4j24pabc1234567890',
  token_use: 'access',
  scope: 'openid',
  username: 'alice',
  jti: 'e1d2c3b4',
}
const cognitoService = {
  ...times,
  sub: '57cbishk4j24pabc1234567890',
  iss: pool,
  version: 2,
  client_id: '57cbishk4j24pabc1234567890',
  token_use: 'access',
  scope: 'keystead/KMS_USER other/KMS_MANAGER',
}
const google = {
  preset: 'google',
  settings: { audience: 'https://keystead.example.com', projects: { 'shop-prod': 'shop' } },
}
const googleService = {
  ...times,
  iss: 'https://accounts.google.com',
  aud: 'https://keystead.example.com',
  azp: '113774264463038321964',
  sub: '113774264463038321964',
  email: 'api@shop-prod.iam.gserviceaccount.com',
  email_verified: true,
}
const github = {
  preset: 'github-actions',
  settings: { audience: 'keystead', ownerId: '65', repositories: { 'acme/web': 'shop' } },
}
const githubJob = {
  ...times,
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'keystead',
  jti: 'example-id',
  sub: 'repo:acme/web:environment:prod',
  environment: 'prod',
  ref: 'refs/heads/main',
  repository: 'acme/web',
  repository_id: '74',
  repository_owner: 'acme',
  repository_owner_id: '65',
  actor: 'alice',
}
const gitlab = {
  preset: 'gitlab-ci',
  issuer: 'https://gitlab.example.com',
  settings: { audience: 'keystead', namespaces: { '72': 'shop' } },
}
const gitlabJob = {
  ...times,
  iss: 'https://gitlab.example.com',
  aud: 'keystead',
  jti: '6cfc8d3a',
  sub: 'project_path:acme/web:ref_type:branch:ref:main',
  namespace_id: '72',
  namespace_path: 'acme',
  project_id: '20',
  project_path: 'acme/web',
  user_login: 'alice',
  ref_protected: 'true',
}
const zitadel = {
  preset: 'zitadel',
  issuer: 'https://shop.zitadel.cloud',
  settings: { projectId: '344374183645413380', apps: ['345000000000000000'], project: 'shop' },
}
const zitadelUser = {
  ...times,
  iss: 'https://shop.zitadel.cloud',
  sub: '345377791925026818',
  aud: ['345000000000000000', '344374183645413380'],
  client_id: '345000000000000000',
  jti: 'V2_1',
  'urn:zitadel:iam:org:project:344374183645413380:roles': { KMS_USER: { '3443': 'shop.example' } },
}

const spring = {
  preset: 'spring',
  issuer: 'https://login.shop.example',
  settings: { audiences: ['console'], project: 'shop' },
}
const springIdToken = {
  ...times,
  iss: 'https://login.shop.example',
  sub: 'console',
  aud: 'console',
  azp: 'console',
  auth_time: times.iat,
  sid: 'J8whPRjYFjp6wP9iSMEHWYpdE4WSP7BiC9ubvWpiXrk',
  jti: 'j',
}

/** One fixture or more of each provider whose tokens are not in the shared folder, by name. */
export const providerFixtures: Readonly<Record<string, ProviderFixture>> = {
  'auth0 user': {
    entry: auth0,
    payload: auth0User,
    expected: { subject: 'user:auth0|507f1f77bcf86cd799439020', project: 'shop', roles: ['KMS_USER'] },
  },
  'auth0 user, profile RFC 9068': {
    entry: auth0,
    payload: { ...auth0User, azp: undefined, client_id: 'my-console', jti: 'j' },
    expected: { subject: 'user:auth0|507f1f77bcf86cd799439020' },
  },
  'auth0 service': {
    entry: auth0,
    payload: {
      ...auth0User,
      sub: 'my-service@clients',
      azp: 'my-service',
      gty: 'client-credentials',
      aud: 'https://keystead.example.com',
    },
    expected: { subject: 'service-account:my-service@clients' },
  },
  'auth0 service, profile RFC 9068': {
    entry: auth0,
    payload: { ...auth0User, sub: 'my-service@clients', azp: undefined, client_id: 'my-service', jti: 'j' },
    expected: { subject: 'service-account:my-service@clients' },
  },
  'auth0 user named like a service': {
    entry: auth0,
    payload: { ...auth0User, sub: 'samlp|corp|my-service@clients' },
    expected: { subject: 'user:samlp|corp|my-service@clients' },
  },
  'auth0 token for another API': {
    entry: auth0,
    payload: { ...auth0User, aud: 'https://other.example.com' },
    expected: { refused: 'the audience' },
  },
  'okta user': {
    entry: okta,
    payload: oktaUser,
    expected: {
      subject: 'user:00ualice',
      displayName: 'alice@shop.example',
      groups: ['kms-users', 'Everyone'],
      roles: ['KMS_USER'],
    },
  },
  'okta service': {
    entry: okta,
    payload: { ...oktaUser, uid: undefined, groups: undefined, sub: '0oaconsole' },
    expected: { subject: 'service-account:0oaconsole', roles: [] },
  },
  'entra user': {
    entry: entra,
    payload: entraUser,
    expected: {
      subject: 'user:690222be-0000-4000-8000-d127e4c7c126',
      displayName: 'Alice Example',
      groups: ['0e129f20-0000-4000-8000-8f2f0d4a1d8e'],
      roles: ['KMS_USER'],
    },
  },
  'entra application': {
    entry: entra,
    payload: entraApp,
    expected: { subject: 'service-account:d3c1f1a2-0000-4000-8000-4f2f0d4a1d8e', roles: ['KMS_USER'] },
  },
  'entra ID token': {
    entry: entra,
    payload: { ...entraUser, scp: undefined },
    expected: { refused: 'no rule matches' },
  },
  'entra token of version 1': {
    entry: entra,
    payload: { ...entraUser, ver: '1.0' },
    expected: { refused: 'no rule matches' },
  },
  'entra token of another tenant': {
    entry: entra,
    payload: { ...entraUser, tid: 'other' },
    expected: { refused: 'no rule matches' },
  },
  'cognito user': {
    entry: cognito,
    payload: cognitoUser,
    expected: {
      subject: 'user:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      displayName: 'alice',
      groups: ['KMS_USER', 'ops'],
      roles: ['KMS_USER'],
    },
  },
  'cognito service': {
    entry: cognito,
    payload: cognitoService,
    expected: { subject: 'service-account:57cbishk4j24pabc1234567890', roles: ['KMS_USER'] },
  },
  'cognito ID token': {
    entry: cognito,
    payload: { ...cognitoUser, token_use: 'id', aud: '57cbishk4j24pabc1234567890', client_id: undefined },
    expected: { refused: 'no rule matches' },
  },
  'cognito token of another client': {
    entry: cognito,
    payload: { ...cognitoUser, client_id: 'other' },
    expected: { refused: `none of the rule's audiences` },
  },
  'google service account': {
    entry: google,
    payload: googleService,
    expected: {
      subject: 'service-account:113774264463038321964',
      displayName: 'api@shop-prod.iam.gserviceaccount.com',
      project: 'shop',
    },
  },
  'google service account of another project': {
    entry: google,
    payload: { ...googleService, email: 'api@evil.iam.gserviceaccount.com' },
    expected: { refused: 'no rule matches' },
  },
  'google person': {
    entry: google,
    payload: { ...googleService, email: 'alice@gmail.com' },
    expected: { refused: 'no rule matches' },
  },
  'google address that is not verified': {
    entry: google,
    payload: { ...googleService, email_verified: false },
    expected: { refused: 'no rule matches' },
  },
  'github-actions job': {
    entry: github,
    payload: githubJob,
    expected: { subject: 'service-account:repo:acme/web:environment:prod', project: 'shop' },
  },
  'github-actions job of another owner with the same name': {
    entry: github,
    payload: { ...githubJob, repository_owner_id: '66' },
    expected: { refused: 'no rule matches' },
  },
  'github-actions job of another repository': {
    entry: github,
    payload: { ...githubJob, repository: 'acme/other' },
    expected: { refused: 'the project has no value' },
  },
  'gitlab-ci job': {
    entry: gitlab,
    payload: gitlabJob,
    expected: { subject: 'service-account:project_path:acme/web:ref_type:branch:ref:main', project: 'shop' },
  },
  'gitlab-ci job of another namespace': {
    entry: gitlab,
    payload: { ...gitlabJob, namespace_id: '73' },
    expected: { refused: 'the project has no value' },
  },
  'spring ID token without a nonce, of a person named like the client': {
    entry: spring,
    payload: springIdToken,
    expected: { refused: 'no rule matches' },
  },
  'spring ID token without a nonce, where a claim names the kind': {
    entry: { ...spring, settings: { ...spring.settings, kind: 'USER' } },
    payload: springIdToken,
    expected: { refused: 'no rule matches' },
  },
  'spring service of a token with a kind': {
    entry: { ...spring, settings: { ...spring.settings, kind: { claim: 'kind' } } },
    payload: { ...springIdToken, azp: undefined, sid: undefined, kind: 'SERVICE_ACCOUNT' },
    expected: { subject: 'service-account:console' },
  },
  'zitadel user': {
    entry: zitadel,
    payload: zitadelUser,
    expected: { subject: 'user:345377791925026818', project: 'shop', roles: ['KMS_USER'] },
  },
  'zitadel service user': {
    entry: zitadel,
    payload: { ...zitadelUser, client_id: 'payments', sub: '345377791925026999' },
    expected: { subject: 'service-account:345377791925026999', roles: ['KMS_USER'] },
  },
  'zitadel token of another project': {
    entry: zitadel,
    payload: { ...zitadelUser, aud: ['345000000000000000'] },
    expected: { refused: 'the audience' },
  },
}
