import {
  explainAccessTo,
  explainMyAccess,
  supposedGroupsMax,
} from '../../keys/reading/access-explanations.ts'
import {
  type AccessExplanation,
  type AccessReason,
  accessReasonsMax,
} from '../../keys/rules/access-reasons.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { contextOptions } from '../types/encryption-context.ts'
import { KeyOperation, Role } from '../types/enums.ts'
import { Subject } from '../types/subject.ts'

const KeyVisibility = builder.enumType('KeyVisibility', {
  description: 'Visibility of a key for a subject whose roles let it view keys.',
  values: {
    ABSENT: { value: 'absent', description: 'Not visible, as if there were no such key.' },
    REDACTED: { value: 'redacted', description: 'Only the always-visible fields.' },
    FULL: { value: 'full', description: 'All fields.' },
  } as const,
})

const AccessReasonKind = builder.enumType('AccessReasonKind', {
  description: 'Kind of a reason for access.',
  values: {
    OWNER: { description: 'Ownership of the key.' },
    LIST_ENTRY: { description: 'An entry of the access list of the key.' },
    NO_ACCESS_CONTROL: { description: 'Access control of the key is off.' },
    ROLE: { description: 'Roles of the token.' },
    ROLE_BINDING: { description: 'Roles that are bound to the subject or its groups.' },
    PERMISSION: { description: 'An entry of the access list does not allow the operation.' },
    CONTEXT: { description: 'The encryption context lacks what an entry of the access list asks for.' },
    EXPIRED: { description: 'An entry of the access list has expired.' },
    USAGE: { description: 'Keys with this usage do not have the operation.' },
  } satisfies Record<AccessReason['kind'], object>,
})

const Reason = builder.objectRef<AccessReason>('AccessReason').implement({
  description: 'A reason for access, or a missing one.',
  fields: (t) => ({
    kind: t.field({
      type: AccessReasonKind,
      description: 'The kind of reason.',
      resolve: ({ kind }) => kind,
    }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The owner or the entry of the list, where it is about one.',
      resolve: ({ subject }) => subject,
    }),
    roles: t.field({
      type: [Role],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'For the kinds ROLE and ROLE_BINDING: the roles that grant access, or one of which is missing.',
      ),
      resolve: ({ roles }) => [...roles],
    }),
    message: t.string({ description: 'One sentence for people.', resolve: ({ message }) => message }),
  }),
})

const Explanation = builder.objectRef<AccessExplanation>('AccessExplanation').implement({
  description: 'Explanation of why a subject may or may not do something with a key.',
  fields: (t) => ({
    allowed: t.boolean({
      nullable: true,
      description:
        'The verdict; null when it depends on groups, roles or an encryption context that were not given, or on role bindings that the caller may not know.',
      resolve: ({ allowed }) => allowed,
    }),
    visibility: t.field({
      type: KeyVisibility,
      description: 'How the key appears to the subject, with the groups that were given.',
      resolve: ({ visibility }) => visibility,
    }),
    grantedBy: t.field({
      type: [Reason],
      ...listOptions(accessReasonsMax, 'Reasons for access.'),
      resolve: ({ grantedBy }) => [...grantedBy],
    }),
    missing: t.field({
      type: [Reason],
      ...listOptions(accessReasonsMax, 'Reasons that are or may be missing. Empty if access is allowed.'),
      resolve: ({ missing }) => [...missing],
    }),
    rolesThatSuffice: t.field({
      type: [Role],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'Roles of which each alone is enough. None while the key itself gives the subject no access.',
      ),
      resolve: ({ rolesThatSuffice }) => [...rolesThatSuffice],
    }),
  }),
})

const supposedContext =
  'Supposed encryption context of the operation, empty for none; null if unknown. It matters for ENCRYPT and DECRYPT alone.'

builder.queryField('explainAccess', (t) =>
  t.field({
    type: Explanation,
    nullable: true,
    description:
      'Explains whether a subject may do something with a user key. Only for callers that may manage the key; null for all others. Roles and groups are in the tokens of the subject, so give those that you suppose; roles that are bound to it or to these groups count by themselves, if you may read the audit trail or manage roles.',
    authScopes: { permission: 'VIEW' },
    args: {
      key: t.arg({ type: 'KeyRef', required: true, description: 'The key: its ID, name or alias.' }),
      subject: t.arg({
        type: 'SubjectRef',
        required: true,
        description: 'The subject, e.g. `user:alice`; not a group.',
      }),
      groups: t.arg.stringList({
        ...listOptions(supposedGroupsMax, 'Supposed groups of the subject, by name; null if unknown.'),
      }),
      roles: t.arg({
        type: [Role],
        ...listOptions('ONE_FOR_EACH_VALUE', 'Supposed roles in the token of the subject; null if unknown.'),
      }),
      operation: t.arg({ type: KeyOperation, required: true, description: 'The operation.' }),
      context: t.arg(contextOptions(supposedContext)),
    },
    resolve: (_root, { groups = null, roles = null, context = null, ...asked }, { parts, call }) =>
      explainAccessTo(parts, call, { ...asked, groups, roles, context }),
  }),
)

builder.queryField('explainMyAccess', (t) =>
  t.field({
    type: Explanation,
    nullable: true,
    description:
      'Explains whether the caller itself may do something with a user key, e.g. after FORBIDDEN. It says no more about the key than the caller may see: of a redacted key, that it is redacted. Null for a key that does not exist for the caller.',
    authScopes: { permission: 'VIEW' },
    args: {
      key: t.arg({
        type: 'KeyRef',
        required: true,
        description: 'The key: its ID, the stand-in ID that a redacted key shows, its name or an alias.',
      }),
      operation: t.arg({ type: KeyOperation, required: true, description: 'The operation.' }),
      context: t.arg(contextOptions(supposedContext)),
    },
    resolve: (_root, { context = null, ...asked }, { parts, call }) =>
      explainMyAccess(parts, call, { ...asked, context }),
  }),
)
