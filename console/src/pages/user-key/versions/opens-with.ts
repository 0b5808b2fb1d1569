import { useTranslations } from 'use-intl'
import type { EnumOf } from '../../../api/graphql.ts'

const texts = {
  ENCRYPT_DECRYPT: 'opens.decrypting',
  SIGN_VERIFY: 'opens.verifying',
  GENERATE_VERIFY_MAC: 'opens.verifyingMacs',
  KEY_ENCAPSULATION: 'opens.decapsulating',
  KEY_AGREEMENT: 'opens.deriving',
} as const satisfies Readonly<Record<EnumOf<'KeyUsage'>, string>>

/** Says what only a version can do: open or verify what it protected, by the usage of its key. */
export function useOpensWith(usage: EnumOf<'KeyUsage'> | null): (number: number) => string {
  const t = useTranslations('versions')
  return (number) => t(texts[usage ?? 'ENCRYPT_DECRYPT'], { number })
}
