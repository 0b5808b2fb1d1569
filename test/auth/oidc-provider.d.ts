/** The part of oidc-provider that the tests use. The package has no types. */
declare module 'oidc-provider' {
  import type { KeyObject } from 'node:crypto'
  import type { RequestListener } from 'node:http'

  export class Provider {
    constructor(issuer: string, configuration: object)
    callback(): RequestListener
  }

  /** A key that signs elsewhere. */
  export abstract class ExternalSigningKey {
    kid: string
    alg: string
    abstract keyObject(): KeyObject
    abstract sign(data: Uint8Array): Promise<Uint8Array>
  }
}
