import { exitCodes, UsageError } from '../../command-line/command.ts'
import { bindRoleAsOperator, unbindAllRoles, unbindRoleAsOperator } from '../../keys/changing/bind-role.ts'
import { roleBindingsAsOperator } from '../../keys/reading/role-bindings.ts'
import { nameFault, type Role, readSubject, roles } from '../../keys/rules/caller.ts'
import { noteLengthMax } from '../../keys/rules/input.ts'
import { type BindingName, boundKinds, isRole, type RoleBinding } from '../../keys/rules/role-bindings.ts'
import { defineOperatorCommand } from '../command.ts'
import { readTime } from '../read-time.ts'

const projectOption = { type: 'string', value: 'PROJECT', required: true, meaning: 'The project.' } as const

const bindingOptions = {
  project: projectOption,
  subject: {
    type: 'string',
    value: 'SUBJECT',
    required: true,
    meaning: 'The subject: user:NAME, group:NAME or service-account:NAME.',
  },
  role: { type: 'string', value: 'ROLE', required: true, meaning: `The role: ${roles.join(', ')}.` },
} as const

/** `keystead project bind`. */
export const bindProjectRole = defineOperatorCommand({
  path: ['project', 'bind'],
  summary: 'Gives a subject a role in a project.',
  help: `
For the first administrator of a project whose tokens carry no roles. Administrators give further roles themselves, with
the mutation bindRole. The binding is audited in the project, by system:operator. A binding of the same subject and role
is replaced.

Running servers apply the change at once, or within CACHE_LIFETIME_MS if they do not receive notifications.

Example:
  keystead project bind --project shop --subject user:alice --role PROJECT_ADMIN`,
  options: {
    ...bindingOptions,
    'expires-at': {
      type: 'string',
      value: 'TIME',
      meaning: 'When the binding ends: a time such as 2027-01-31T18:00:00Z, or a date. Never if not given.',
    },
    note: { type: 'string', value: 'TEXT', meaning: `A note for people, up to ${noteLengthMax} characters.` },
  },
  async run({ options, parts, print }) {
    const { project, note } = options
    const binding = await bindRoleAsOperator(parts, project, {
      ...bindingNamed(options),
      expiresAt: readTime('expires-at', options['expires-at']),
      note,
    })
    await print(`${textOf(binding)} in the project "${project}".`)
    return exitCodes.fine
  },
})

/** `keystead project unbind`. */
export const unbindProjectRole = defineOperatorCommand({
  path: ['project', 'unbind'],
  summary: 'Takes a bound role from a subject in a project.',
  help: `
Roles that the subject has by its tokens stay. The change is audited in the project, by system:operator. Unlike the
mutation unbindRole, the command does not ask whether the project keeps an administrator.

Bindings that were edited or put back in the database cannot be changed (keystead audit verify names them). --all removes
all bindings of the project in any case; then bind again who is to have a role.

Examples:
  keystead project unbind --project shop --subject user:alice --role PROJECT_ADMIN
  keystead project unbind --project shop --all`,
  options: {
    project: projectOption,
    subject: { type: 'string', value: 'SUBJECT', meaning: bindingOptions.subject.meaning },
    role: { type: 'string', value: 'ROLE', meaning: bindingOptions.role.meaning },
    all: {
      type: 'boolean',
      meaning:
        'Instead of --subject and --role: removes all bindings of the project, also bindings that do not verify.',
    },
  },
  async run({ options, parts, print }) {
    const { project } = options
    if (options.all) {
      if (options.subject !== undefined || options.role !== undefined) {
        throw new UsageError('Give either --all, or --subject and --role.')
      }
      checkProject(project)
      await unbindAllRoles(parts, project)
      await print(`The project "${project}" has no role bindings any more.`)
      return exitCodes.fine
    }
    if (options.subject === undefined || options.role === undefined) {
      throw new UsageError('Give --subject and --role, or --all.')
    }
    const { subject, role } = bindingNamed({ project, subject: options.subject, role: options.role })
    const removed = await unbindRoleAsOperator(parts, project, { subject, role })
    await print(
      removed === null
        ? `${subject} has no binding to ${role} in the project "${project}"; nothing was changed. Names are case-sensitive.`
        : `${subject} is not bound to ${role} in the project "${project}" any more.`,
    )
    return exitCodes.fine
  },
})

/** `keystead project bindings`. */
export const listProjectBindings = defineOperatorCommand({
  path: ['project', 'bindings'],
  summary: 'Lists the role bindings of a project.',
  help: `
One line for each binding that has not expired. Roles that tokens give are not stored, and not listed. Nothing is changed.

Example:
  keystead project bindings --project shop`,
  options: { project: projectOption },
  async run({ options: { project }, parts, print }) {
    const bindings = await roleBindingsAsOperator(parts, project)
    if (bindings.length === 0) {
      await print(`The project "${project}" has no role bindings. Names are case-sensitive.`)
    }
    for (const binding of bindings) {
      const { createdAt, createdBy, note } = binding
      const about = `by ${createdBy} on ${createdAt.toISOString()}`
      await print(`${textOf(binding)}, ${about}${note === '' ? '' : `: ${note}`}`)
    }
    return exitCodes.fine
  },
})

function bindingNamed(given: {
  readonly project: string
  readonly subject: string
  readonly role: string
}): BindingName {
  checkProject(given.project)
  const subject = readSubject(given.subject, boundKinds)
  if ('fault' in subject) throw new UsageError(`--subject ${subject.fault}.`)
  return { subject: subject.subject, role: roleNamed(given.role) }
}

function checkProject(project: string): void {
  const fault = nameFault(project)
  if (fault !== null) throw new UsageError(`--project ${fault}.`)
}

function roleNamed(text: string): Role {
  if (isRole(text)) return text
  throw new UsageError(`--role must be one of ${roles.join(', ')}.`)
}

function textOf({ subject, role, expiresAt }: RoleBinding): string {
  const until = expiresAt === null ? '' : ` until ${expiresAt.toISOString()}`
  return `${subject} has the role ${role}${until}`
}
