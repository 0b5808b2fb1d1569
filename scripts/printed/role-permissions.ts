import { operationPermissions, permissionsByRole } from '../../src/keys/rules/access.ts'
import { type Role, roles } from '../../src/keys/rules/caller.ts'
import type { PrintedFile } from './printed-file.ts'

const begin = '<!-- Made from `permissionsByRole` by `npm run print`; do not edit. -->'
const end = '<!-- End of what is made. -->'

/** The table of roles in the document about access. */
export const rolePermissionTable: PrintedFile = {
  path: 'docs/access.md',
  source: 'src/keys/rules/access.ts',
  print(current) {
    const [before, rest = ''] = current.split(begin)
    const [, after = ''] = rest.split(end)
    return `${before}${begin}\n\n${rolesTable()}\n\n${end}${after}`
  },
}

function rolesTable(): string {
  const rows = roles.map((role) => `| ${[`\`${role}\``, ...cellsOf(role)].join(' | ')} |`)
  return [
    '| Role | VIEW | Operations | CREATE | MANAGE | READ_AUDIT | MANAGE_ROLES |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function cellsOf(role: Role): string[] {
  const given = permissionsByRole[role]
  const mark = (permission: (typeof given)[number]) => (given.includes(permission) ? 'yes' : '–')
  const operations = operationPermissions.filter((permission) => given.includes(permission))
  return [
    mark('VIEW'),
    operations.length === operationPermissions.length ? 'all' : operations.join(', ') || '–',
    mark('CREATE'),
    given.includes('MANAGE_OWN') ? 'of its own keys' : mark('MANAGE'),
    given.includes('READ_AUDIT') ? 'yes' : 'of its own keys',
    mark('MANAGE_ROLES'),
  ]
}
