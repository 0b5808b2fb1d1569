/** Names that are derived from names of services. */
const derivedName = /^[A-Z][a-z0-9-]{0,63}$/

/** Whether the key of a service can have this name. */
export function isServiceKeyName(name: string): boolean {
  return derivedName.test(name)
}

/**
 * The name of a service's key: first letter uppercase, the rest lowercase, spaces to hyphens. Two spellings of a
 * service that derive the same name are one service.
 */
export function serviceKeyName(service: string): string {
  return service.charAt(0).toUpperCase() + service.slice(1).toLowerCase().replaceAll(' ', '-')
}
