import type { KeyRow } from '../../store/rows/key-rows.ts'
import { type KeyPermission, permissionsOfRoles, permissionsOn, visibilityOf } from '../rules/access.ts'
import type { Call } from '../rules/caller.ts'
import { ForbiddenError } from '../rules/errors.ts'

/** Throws ForbiddenError unless the caller's roles give one of the permissions, whichever key it is about. */
export function requireRoleFor(call: Call, ...oneOf: readonly KeyPermission[]): void {
  const given = permissionsOfRoles(call.caller)
  if (!oneOf.some((permission) => given.includes(permission))) throw new ForbiddenError()
}

/**
 * Throws unless the caller may do this with the key.
 *
 * @param notFound thrown for a key that does not exist for the caller, so that it looks like an unknown ID
 */
export function requirePermissionOn(
  call: Call,
  row: KeyRow,
  permission: KeyPermission,
  notFound: () => Error,
): void {
  if (visibilityOf(call.caller, row) === 'absent') throw notFound()
  if (!permissionsOn(call.caller, row).includes(permission)) throw new ForbiddenError()
}
