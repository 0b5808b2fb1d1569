import { explainAccessTo, supposedGroupsMax } from '../../keys/reading/access-explanations.ts'
import {
  type AccessExplanation,
  type AccessReason,
  accessReasonsMax,
  type KeyOperation as Operation,
} from '../../keys/rules/access-reasons.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { Role } from '../types/enums.ts'
import { Subject } from '../types/subject.ts'

const KeyOperation = builder.enumType('KeyOperation', {
  description: 'What somebody wants to do with a key.',
  values: {
    VIEW: { description: 'See all fields of the key and its versions.' },
    USE: { description: 'Any cryptographic operation.' },
    MANAGE: { description: 'Update, rotate, change states, configure access, delete.' },
    READ_AUDIT: { description: 'Read what happened with the key.' },
  } satisfies Record<Operation, object>,
})

const KeyVisibility = builder.enumType('KeyVisibility', {
  description: 'How a key appears to somebody whose roles let it see keys.',
  values: {
    ABSENT: { value: 'absent', description: 'Not at all, as if there were no such key.' },
    REDACTED: { value: 'redacted', description: 'With its always-visible fields only.' },
    FULL: { value: 'full', description: 'Whole.' },
  } as const,
})

const AccessReasonKind = builder.enumType('AccessReasonKind', {
  description: 'What a reason is about.',
  values: {
    OWNER: { description: 'Who owns the key.' },
    LIST_ENTRY: { description: 'An entry of the access list of the key.' },
    NO_ACCESS_CONTROL: { description: 'The key has no access control.' },
    ROLE: { description: 'Roles in the token.' },
  } as const,
})

const Reason = builder.objectRef<AccessReason>('AccessReason').implement({
  description: 'Something that speaks for access, or that is missing.',
  fields: (t) => ({
    kind: t.field({
      type: AccessReasonKind,
      description: 'What it is about.',
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
        'Where it is about roles: those that help, or of which one is missing.',
      ),
      resolve: ({ roles }) => [...roles],
    }),
    message: t.string({ description: 'One sentence for people.', resolve: ({ message }) => message }),
  }),
})

const Explanation = builder.objectRef<AccessExplanation>('AccessExplanation').implement({
  description: 'Why somebody may or may not do something with a key.',
  fields: (t) => ({
    allowed: t.boolean({
      nullable: true,
      description: 'The verdict; null when it depends on groups or roles that were not given.',
      resolve: ({ allowed }) => allowed,
    }),
    visibility: t.field({
      type: KeyVisibility,
      description: 'How the key appears to the subject, with the groups that were given.',
      resolve: ({ visibility }) => visibility,
    }),
    grantedBy: t.field({
      type: [Reason],
      ...listOptions(accessReasonsMax, 'What speaks for access.'),
      resolve: ({ grantedBy }) => [...grantedBy],
    }),
    missing: t.field({
      type: [Reason],
      ...listOptions(accessReasonsMax, 'What is missing, or may be: empty when access is allowed.'),
      resolve: ({ missing }) => [...missing],
    }),
    rolesThatSuffice: t.field({
      type: [Role],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'Roles each of which alone is enough; none while the subject is not let in by the key itself.',
      ),
      resolve: ({ rolesThatSuffice }) => [...rolesThatSuffice],
    }),
  }),
})

builder.queryField('explainAccess', (t) =>
  t.field({
    type: Explanation,
    nullable: true,
    description:
      'Whether somebody may do something with a user key, and why: for those who may manage the key; null for all others. Roles and groups of others are in their tokens, so a verdict needs those that you suppose.',
    authScopes: { permission: 'VIEW' },
    args: {
      keyId: t.arg.id({ required: true, description: 'The ID of the key.' }),
      subject: t.arg.id({ required: true, description: 'Who, e.g. `user:alice`; not a group.' }),
      groups: t.arg.stringList({
        ...listOptions(supposedGroupsMax, 'Names of its groups, as you suppose; null if unknown.'),
      }),
      roles: t.arg({
        type: [Role],
        ...listOptions('ONE_FOR_EACH_VALUE', 'Its roles, as you suppose; null if unknown.'),
      }),
      operation: t.arg({ type: KeyOperation, required: true, description: 'To do what.' }),
    },
    resolve: (_root, { groups = null, roles = null, ...asked }, { parts, call }) =>
      explainAccessTo(parts, call, { ...asked, groups, roles }),
  }),
)
