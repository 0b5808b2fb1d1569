/** Client of Keycloak that stands for Keystead: its ID is the audience, and its roles are Keystead's. */
export const keysteadClient = 'kms.example.com'
/** Audience of clients that are service agents. */
export const agentsClient = 'agents.example.com'
/** Name of the realm. */
export const realmName = 'shop'
/** Public client of people. */
export const consoleClient = 'console'
/** Where the public client is sent back to. Nobody listens there. */
export const redirectUri = 'http://127.0.0.1:1/callback'
/** Address of the web console. Nobody listens there, either. */
export const consoleUrl = 'https://console.test'
/** Password of all people. */
export const password = 'keycloak-test-password'
/** Secret of all services. */
export const clientSecret = 'keycloak-test-secret'

/** The realm, in the form of Keycloak's import. Nothing is configured but clients, roles, groups and people. */
export const realm = {
  realm: realmName,
  enabled: true,
  accessTokenLifespan: 600,
  roles: {
    client: {
      [keysteadClient]: ['KMS_MANAGER', 'KMS_USER'].map((name) => ({ name })),
      [agentsClient]: [{ name: 'agent' }],
    },
  },
  groups: [{ name: 'kms-users', clientRoles: { [keysteadClient]: ['KMS_USER'] } }, { name: 'others' }],
  clients: [
    { clientId: keysteadClient, standardFlowEnabled: false, bearerOnly: true },
    { clientId: agentsClient, standardFlowEnabled: false, bearerOnly: true },
    {
      clientId: consoleClient,
      publicClient: true,
      redirectUris: [redirectUri, `${consoleUrl}/console/callback`],
      attributes: { 'pkce.code.challenge.method': 'S256' },
      protocolMappers: [
        {
          name: 'groups',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-group-membership-mapper',
          config: { 'claim.name': 'groups', 'full.path': 'true', 'access.token.claim': 'true' },
        },
      ],
    },
    // With the scopes that a realm gives to imported clients: without the one that adds "client_id".
    serviceClient('payments'),
    ...['svc-agent', 'svc-other'].map((client) => ({
      ...serviceClient(client),
      // As the administration console gives them.
      defaultClientScopes: ['service_account', 'basic', 'roles'],
    })),
  ],
  users: [
    person('alice', { clientRoles: { [keysteadClient]: ['KMS_MANAGER'] } }),
    person('bob', { groups: ['/kms-users'] }),
    person('carol', { groups: ['/others'] }),
    serviceAccount('payments', { [keysteadClient]: ['KMS_USER'] }),
    serviceAccount('svc-agent', { [agentsClient]: ['agent'] }),
    serviceAccount('svc-other', { [agentsClient]: ['agent'] }),
  ],
}

function serviceClient(clientId: string): object {
  return { clientId, secret: clientSecret, serviceAccountsEnabled: true, standardFlowEnabled: false }
}

function person(username: string, members: object): object {
  return {
    username,
    enabled: true,
    email: `${username}@shop.example`,
    emailVerified: true,
    firstName: username,
    lastName: 'Example',
    credentials: [{ type: 'password', value: password, temporary: false }],
    ...members,
  }
}

function serviceAccount(client: string, clientRoles: object): object {
  return {
    username: `service-account-${client}`,
    enabled: true,
    serviceAccountClientId: client,
    clientRoles,
  }
}
