import { useCallback } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'

/** The roles, from those that allow most. */
export const roles = [
  'PROJECT_ADMIN',
  'PROJECT_MEMBER',
  'PROJECT_READER',
  'KMS_MANAGER',
  'KMS_USER',
  'KMS_VIEWER',
  'KMS_ENCRYPTER',
  'KMS_DECRYPTER',
  'KMS_SIGNER',
  'KMS_VERIFIER',
  'KMS_AUDITOR',
] as const satisfies readonly EnumOf<'Role'>[]

/** Gives in words what a role allows. */
export function useRoleText() {
  const t = useTranslations('roleAllows')
  return useCallback((role: EnumOf<'Role'>) => t(role), [t])
}
