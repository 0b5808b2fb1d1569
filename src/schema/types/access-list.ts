import type { AccessEntryView } from '../../keys/reading/views.ts'
import { accessEntriesMax, allowedSubjectsMax, noteLengthMax } from '../../keys/rules/input.ts'
import { builder, type InputFieldBuilder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { contextListOptions, contextOptions } from './encryption-context.ts'
import { AccessListPermission } from './enums.ts'
import { Subject } from './subject.ts'

const descriptions = {
  context:
    'Pairs that the encryption context of an operation must have; it may have more. Viewing and managing have no condition.',
  note: `A note for people, up to ${noteLengthMax} characters without control or invisible format characters.`,
}

/** An entry of the access list of a key. */
export const AccessListEntry = builder.objectRef<AccessEntryView>('AccessListEntry').implement({
  description:
    'An entry of an access list. It narrows what the roles of its subject give, and never adds to it; several entries of a caller and its groups give together what each of them gives.',
  fields: (t) => ({
    subject: t.field({
      type: Subject,
      description: 'The subject that has access.',
      resolve: ({ subject }) => subject,
    }),
    permissions: t.field({
      type: [AccessListPermission],
      nullable: true,
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'What the subject may do, as far as its roles allow; null for all that they give.',
      ),
      resolve: ({ permissions }) => permissions && [...permissions],
    }),
    context: t.field({
      ...contextListOptions(`${descriptions.context} Null for no condition.`),
      nullable: true,
      resolve: ({ context }) => context && [...context],
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'From when on the entry gives nothing; null if it does not expire.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
    expired: t.boolean({
      description: 'True if it has expired. The next change of the list drops it.',
      resolve: ({ expired }) => expired,
    }),
    note: t.string({ description: 'A note for people; may be empty.', resolve: ({ note }) => note }),
  }),
})

const AccessListEntryInput = builder.inputType('AccessListEntryInput', {
  description:
    'An entry of an access list. With a subject alone it is the same as that subject in a list of subjects.',
  fields: (t) => ({
    subject: t.field({
      type: 'SubjectRef',
      required: true,
      description:
        'E.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`.',
    }),
    permissions: t.field({
      type: [AccessListPermission],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'What the subject may do, as far as its roles allow: VIEW or operations that the key has, and MANAGE with them. All that the roles give if not given.',
      ),
    }),
    context: t.field(contextOptions(`${descriptions.context} Symmetric keys for ENCRYPT_DECRYPT only.`)),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'From when on the entry gives nothing; in the future. It does not expire if not given.',
    }),
    note: t.string({ description: `${descriptions.note} It is in the audit trail, too.` }),
  }),
})

/** Input field for entries that say more than who. */
export function entriesField(t: InputFieldBuilder) {
  return t.field({
    type: [AccessListEntryInput],
    ...listOptions(
      accessEntriesMax,
      'Entries that say what a subject may do, with which encryption context, and until when.',
    ),
  })
}

/** Input fields for the entries of an access list. */
export function accessListFields(t: InputFieldBuilder) {
  return {
    subjects: t.field({
      type: ['SubjectRef'],
      ...listOptions(
        allowedSubjectsMax,
        'Subjects that may do all that their roles give, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`.',
      ),
    }),
    entries: entriesField(t),
  }
}

/** Input field with which a caller allows to lock itself out. */
export function allowLockoutField(t: InputFieldBuilder) {
  return t.boolean({
    description: 'Allow the change even if the caller then no longer has access itself. False if not given.',
  })
}
