/** Project of all entries without one of their tokens. */
const project = 'shop'

/** The entries that read the tokens of real providers in the shared folder, by provider. */
export const providerEntries: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  keycloak: {
    preset: 'keycloak',
    issuer: 'http://127.0.0.1:8410/realms/shop',
    // Some of the tokens have the name of a mapper instead.
    audiences: ['kms.example.com', 'keystead'],
    settings: { client: 'kms.example.com', project },
  },
  dex: { preset: 'dex', settings: { clients: ['keystead', 'console', 'payments'], project } },
  hydra: { preset: 'hydra', settings: { audience: 'keystead', project } },
  'openbao-identity': {
    preset: 'openbao',
    settings: { audience: 'keystead', project: { claim: 'project' }, kind: 'USER' },
  },
  'openbao-provider': {
    preset: 'openbao',
    settings: { audience: 'R8AGQskrS4WYhXI9XFOcQ90gEBygBm32', project: { claim: 'project' }, kind: 'USER' },
  },
  spire: { preset: 'spiffe', settings: { trustDomain: 'shop.example', audience: 'keystead' } },
  kubernetes: { preset: 'kubernetes', settings: { audience: 'keystead' } },
  'oidc-provider': { preset: 'rfc9068', settings: { audience: 'keystead', project: { claim: 'project' } } },
  spring: { preset: 'spring', settings: { audiences: ['payments', 'console'], project } },
  casdoor: {
    preset: 'casdoor',
    settings: { clients: ['console', 'console-custom', 'console-empty', 'console-standard'], project },
  },
}
