import { CopyButton } from '../components/copy-button.tsx'
import { Section } from '../components/section.tsx'
import type { DetailKey } from './detail-key.ts'

/** The public key of the default version, to take along. */
export function PublicKeySection({ publicKey }: { readonly publicKey: NonNullable<DetailKey['publicKey']> }) {
  const jwk = JSON.stringify(publicKey.jwk, null, 2)
  return (
    <Section title="Public key">
      <p>
        Fingerprint <code>{publicKey.fingerprint}</code>
      </p>
      <pre>{publicKey.pem.trim()}</pre>
      <div className="row">
        <CopyButton label="Copy PEM" text={publicKey.pem} />
        <CopyButton label="Copy JWK" text={jwk} />
        <CopyButton label="Copy fingerprint" text={publicKey.fingerprint} />
      </div>
      <details>
        <summary>JWK</summary>
        <pre>{jwk}</pre>
      </details>
    </Section>
  )
}
