/**
 * The name of a service's key: first letter uppercase, the rest lowercase, spaces to hyphens. Two spellings of a
 * service that derive the same name are one service.
 */
export function serviceKeyName(service: string): string {
  return service.charAt(0).toUpperCase() + service.slice(1).toLowerCase().replaceAll(' ', '-')
}
