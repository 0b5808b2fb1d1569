import { permissionsOfRoles } from '../../keys/rules/access.ts'
import { callerGroupsMax, type RequestContext } from '../../keys/rules/caller.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { KeyPermission, Role, SubjectKind } from '../types/enums.ts'
import { Subject } from '../types/subject.ts'

const Viewer = builder.objectRef<RequestContext>('Viewer').implement({
  description: 'The caller, as described by its token and by the roles that are bound to it.',
  fields: (t) => ({
    subject: t.field({ type: Subject, description: 'The subject.', resolve: ({ caller }) => caller.subject }),
    displayName: t.string({
      nullable: true,
      description: 'Its name as its token shows it, for people to read; null if the token has none.',
      resolve: ({ caller }) => caller.displayName ?? null,
    }),
    kind: t.field({
      type: SubjectKind,
      description: 'The kind of the subject.',
      resolve: ({ caller }) => caller.kind,
    }),
    projectId: t.string({
      description: 'The project of the caller. Nothing outside of it exists for the caller.',
      resolve: ({ caller }) => caller.projectId,
    }),
    roles: t.field({
      type: [Role],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'Its roles in that project that Keystead knows: those of its token, and those bound to it.',
      ),
      resolve: ({ caller }) => [...caller.roles],
    }),
    boundRoles: t.field({
      type: [Role],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'Those of its roles that its token does not give: they are bound to it or to one of its groups (`bindRole`).',
      ),
      resolve: ({ caller }) => [...(caller.boundRoles ?? [])],
    }),
    groups: t.stringList({
      ...listOptions(callerGroupsMax, 'Names of its groups.'),
      resolve: ({ caller }) => [...caller.groups],
    }),
    permissions: t.field({
      type: [KeyPermission],
      ...listOptions('ONE_FOR_EACH_VALUE', 'What its roles allow, before access control of single keys.'),
      resolve: (call) => [...permissionsOfRoles(call.caller)],
    }),
    tokenExpiresAt: t.field({
      type: 'DateTime',
      description: 'When its token expires.',
      resolve: ({ caller }) => caller.tokenExpiresAt,
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    nullable: true,
    description: 'The caller itself. Open to all callers with a token, whatever their roles.',
    authScopes: { authenticated: true },
    resolve: (_root, _args, { call }) => call,
  }),
)
