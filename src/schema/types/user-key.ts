import { publicKey } from '../../keys/reading/nodes.ts'
import type { PageArguments } from '../../keys/reading/pages.ts'
import type { FullUserKeyView, UserKeyView } from '../../keys/reading/views.ts'
import { aliasesMax, allowedSubjectsMax } from '../../keys/rules/input.ts'
import { labelLimits } from '../../keys/rules/labels.ts'
import type { InputFieldBuilder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { hidden } from '../redaction.ts'
import { AccessListEntry } from './access-list.ts'
import { AuditEventConnection } from './audit-event.ts'
import { defineConnection, pageArguments } from './connection.ts'
import { KeyPermission } from './enums.ts'
import { Label } from './label.ts'
import { Node } from './node.ts'
import { PublicKey } from './public-key.ts'
import { PublishedKeySet } from './published-key-set.ts'
import { Key, UserKey } from './refs.ts'
import { Subject } from './subject.ts'

UserKey.implement({
  description:
    'A key created and managed by users of a project. With access control on, callers who are neither its owner nor on its list get it redacted: `id` is then another ID that stands in for the real one, `viewerCanAccess` is false, and all but name, description, access control, creation and creator is null (`canProtect`, which cannot be null, is false).',
  interfaces: [Node, Key],
  isTypeOf: (view) => (view as UserKeyView).kind === 'USER',
  fields: (t) => ({
    description: t.string({
      description: 'Up to 256 characters for people.',
      resolve: ({ description }) => description,
    }),
    accessControlEnabled: t.boolean({
      description: 'True if only its owner and the subjects on its list have access.',
      resolve: ({ accessControlEnabled }) => accessControlEnabled,
    }),
    createdBy: t.field({
      type: Subject,
      description: 'Creator of the key.',
      resolve: ({ createdBy }) => createdBy,
    }),
    viewerCanAccess: t.boolean({
      description:
        'False if the key is redacted for the caller: null fields are then hidden, not empty, and `canProtect` is false for NO_ACCESS.',
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
        'Owner of the key: its creator, unless it was transferred. May be a group.',
        (key: FullUserKeyView) => key.owner,
      ),
    }),
    allowedSubjects: t.field({
      type: [Subject],
      ...hidden(
        listOptions(
          allowedSubjectsMax,
          'Subjects that, besides the owner, have an entry on the access list that has not expired. They still need a role, from their tokens or by a role binding.',
        ),
        (key: FullUserKeyView) => [...key.allowedSubjects],
      ),
    }),
    accessList: t.field({
      type: [AccessListEntry],
      ...hidden(
        listOptions(
          allowedSubjectsMax,
          'The access list: who has access, what for, with which encryption context, and until when; also entries that have expired.',
        ),
        (key: FullUserKeyView) => [...key.accessList],
      ),
    }),
    decryptableInGraph: t.boolean(
      hidden(
        'True if queries may decrypt with the key, too, through `EncryptedValue` in a federated graph. Off unless somebody switched it on.',
        (key: FullUserKeyView) => key.decryptableInGraph,
      ),
    ),
    jwks: t.field({
      type: PublishedKeySet,
      ...hidden(
        'Where the public keys of the key are published; null if they are not.',
        (key: FullUserKeyView) => key.keySet,
      ),
    }),
    aliases: t.field({
      type: ['String'],
      ...hidden(
        listOptions(
          aliasesMax,
          'Further names by which operations and queries find the key, sorted by bytes.',
        ),
        (key: FullUserKeyView) => [...key.aliases],
      ),
    }),
    labels: t.field({
      type: [Label],
      ...hidden(
        listOptions(
          labelLimits.count,
          'The labels, sorted by name. They say something about the key and grant nothing.',
        ),
        (key: FullUserKeyView) => [...key.labels],
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
        listOptions(
          'ONE_FOR_EACH_VALUE',
          'Permissions of the caller on the key: operations that it has, also those that are allowed with some encryption contexts only.',
        ),
        (key: FullUserKeyView) => [...key.permissions],
      ),
    }),
    deletable: t.boolean(
      hidden(
        'True if its state allows deletion: it has no version, or all are DESTROYED.',
        (key: FullUserKeyView, _args, { loaders }) => loaders.deletable.load(key),
      ),
    ),
    auditEvents: t.field({
      type: AuditEventConnection,
      args: pageArguments,
      ...hidden(
        'Audit events of the key, newest first. Null for callers without READ_AUDIT on the key, which its owner always has.',
        (key: FullUserKeyView, page: PageArguments, { loaders }) =>
          loaders.auditEventPage.load({ item: key, args: page }),
      ),
    }),
  }),
})

/** Input fields that callers set when they create a key and when they update it. */
export function settableFields(t: InputFieldBuilder) {
  return {
    description: t.string({
      description: 'Up to 256 characters without control or invisible format characters.',
    }),
    decryptableInGraph: t.boolean({
      description:
        'Whether queries may decrypt with the key, too, through `EncryptedValue` in a federated graph. Symmetric keys for ENCRYPT_DECRYPT only. A new key is not unless given.',
    }),
  }
}

/** Pages of user keys. */
export const UserKeyConnection = defineConnection('UserKey', UserKey)
