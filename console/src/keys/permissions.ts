import { useCallback } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'

/** The permissions, in the order in which they are shown. */
const permissions = [
  'VIEW',
  'CREATE',
  'MANAGE',
  'MANAGE_OWN',
  'ENCRYPT',
  'DECRYPT',
  'SIGN',
  'VERIFY',
  'GENERATE_MAC',
  'VERIFY_MAC',
  'ENCAPSULATE',
  'DECAPSULATE',
  'DERIVE',
  'READ_AUDIT',
  'MANAGE_ROLES',
] as const satisfies readonly EnumOf<'KeyPermission'>[]

/** Those of some permissions that say something of their own, in the order in which they are shown. */
export const inOrder = (given: readonly EnumOf<'KeyPermission'>[]): readonly EnumOf<'KeyPermission'>[] =>
  permissions.filter((each) => given.includes(each) && !(each === 'MANAGE_OWN' && given.includes('MANAGE')))

/** Gives in words what a permission allows. */
export function usePermissionText() {
  const t = useTranslations('permissionAllows')
  return useCallback((permission: EnumOf<'KeyPermission'>) => t(permission), [t])
}
