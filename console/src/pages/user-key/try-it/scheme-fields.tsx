import { useQuery } from 'urql'
import { useTranslations } from 'use-intl'
import { type EnumOf, graphql } from '../../../api/graphql.ts'
import { SelectField } from '../../../design/fields.tsx'
import type { TriedKey } from './tried-key.ts'

const signingAlgorithmsQuery = graphql(`
  query SigningAlgorithms {
    keyAlgorithms(usage: SIGN_VERIFY) {
      algorithm
      signingAlgorithms
    }
  }
`)

/** How to sign, where a key can sign in several ways. */
export interface Scheme {
  /** Null for the first of the key's algorithm. */
  readonly signingAlgorithm: EnumOf<'SigningAlgorithm'> | null
  readonly encoding: EnumOf<'SignatureEncoding'>
}

/** What the server takes if it is given nothing. */
export const usualScheme: Scheme = { signingAlgorithm: null, encoding: 'DER' }

/** The scheme as the API takes it. */
export const schemeInput = ({ signingAlgorithm, encoding }: Scheme) => ({
  encoding,
  ...(signingAlgorithm !== null && { signingAlgorithm }),
})

/** The choices that the key leaves: schemes of RSA, and forms of ECDSA signatures. */
export function SchemeFields(props: {
  readonly userKey: TriedKey
  readonly scheme: Scheme
  readonly onChange: (scheme: Scheme) => void
}) {
  const { userKey, scheme, onChange } = props
  const t = useTranslations('tryIt')
  const [{ data }] = useQuery({
    query: signingAlgorithmsQuery,
    pause: !userKey.algorithm.startsWith('RSA_'),
  })
  const schemes =
    data?.keyAlgorithms?.find(({ algorithm }) => algorithm === userKey.algorithm)?.signingAlgorithms ?? []
  const [first] = schemes
  return (
    <>
      {first !== undefined && (
        <SelectField
          name="signingAlgorithm"
          label={t('scheme')}
          value={scheme.signingAlgorithm ?? first}
          options={schemes.map((value) => ({ value, label: value.replaceAll('_', '-') }))}
          onChange={(signingAlgorithm) => onChange({ ...scheme, signingAlgorithm })}
        />
      )}
      {userKey.algorithm.startsWith('EC_') && (
        <SelectField
          name="encoding"
          label={t('encoding')}
          value={scheme.encoding}
          options={(['DER', 'P1363'] as const).map((value) => ({ value, label: t(`encodings.${value}`) }))}
          onChange={(encoding) => onChange({ ...scheme, encoding })}
        />
      )}
    </>
  )
}
