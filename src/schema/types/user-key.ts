import { publicKey } from '../../keys/reading/nodes.ts'
import type { PageArguments } from '../../keys/reading/pages.ts'
import type { FullUserKeyView, UserKeyView } from '../../keys/reading/views.ts'
import { allowedSubjectsMax } from '../../keys/rules/input.ts'
import { listOptions } from '../list-limits.ts'
import { hidden } from '../redaction.ts'
import { AuditEventConnection } from './audit-event.ts'
import { defineConnection, pageArguments } from './connection.ts'
import { KeyPermission } from './enums.ts'
import { Node } from './node.ts'
import { PublicKey } from './public-key.ts'
import { Key, UserKey } from './refs.ts'
import { Subject } from './subject.ts'

UserKey.implement({
  description:
    'A key created and managed by users of a project. With access control on, callers who are neither its owner nor on its list get it redacted: `id` is then another ID that stands in for the real one, `viewerCanAccess` is false, and all but name, description, access control, creation and creator is null.',
  interfaces: [Node, Key],
  isTypeOf: (view) => (view as UserKeyView).kind === 'USER',
  fields: (t) => ({
    description: t.string({
      description: 'Up to 256 characters for people.',
      resolve: ({ description }) => description,
    }),
    accessControlEnabled: t.boolean({
      description: 'Whether only its owner and the subjects on its list may see and use the key.',
      resolve: ({ accessControlEnabled }) => accessControlEnabled,
    }),
    createdBy: t.field({
      type: Subject,
      description: 'Who created the key.',
      resolve: ({ createdBy }) => createdBy,
    }),
    viewerCanAccess: t.boolean({
      description: 'False when the key is redacted for the caller: what is null is then hidden, not empty.',
      resolve: ({ access }) => access === 'full',
    }),
    publicKey: t.field({
      type: PublicKey,
      ...hidden(
        'Public key of the default version; null for symmetric keys and without a default version.',
        ({ defaultVersion }: FullUserKeyView) => (defaultVersion === null ? null : publicKey(defaultVersion)),
      ),
    }),
    owner: t.field({
      type: Subject,
      ...hidden(
        'Who owns the key: its creator, unless an operator has handed it over.',
        (key: FullUserKeyView) => key.owner,
      ),
    }),
    allowedSubjects: t.field({
      type: [Subject],
      ...hidden(
        listOptions(
          allowedSubjectsMax,
          'Who, besides the owner, sees and uses the key while access control is on. A subject here still needs a role in its own token.',
        ),
        (key: FullUserKeyView) => [...key.allowedSubjects],
      ),
    }),
    updatedAt: t.field({
      type: 'DateTime',
      ...hidden(
        'When the key, or one of its versions, last changed.',
        (key: FullUserKeyView) => key.updatedAt,
      ),
    }),
    revision: t.int(
      hidden(
        'Counts the changes of the key and its versions; for `expectedRevision`.',
        (key: FullUserKeyView) => key.revision,
      ),
    ),
    viewerPermissions: t.field({
      type: [KeyPermission],
      ...hidden(
        listOptions('ONE_FOR_EACH_VALUE', 'What the caller may do with the key.'),
        (key: FullUserKeyView) => [...key.permissions],
      ),
    }),
    deletable: t.boolean(
      hidden(
        'Whether its state allows to delete the key: it has no version, or all are DESTROYED.',
        (key: FullUserKeyView, _args, { loaders }) => loaders.deletable.load(key),
      ),
    ),
    auditEvents: t.field({
      type: AuditEventConnection,
      args: pageArguments,
      ...hidden(
        'What happened with the key, newest first. Null for callers without the permission READ_AUDIT.',
        (key: FullUserKeyView, page: PageArguments, { loaders }) =>
          loaders.auditEventPage.load({ item: key, args: page }),
      ),
    }),
  }),
})

/** Pages of user keys. */
export const UserKeyConnection = defineConnection('UserKey', UserKey)
