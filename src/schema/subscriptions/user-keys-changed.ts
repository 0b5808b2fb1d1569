import { changedKeysMax, userKeysChanged } from '../../keys/watching/key-list.ts'
import type { UserKeysEventView } from '../../keys/watching/stream.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { UserKey } from '../types/refs.ts'
import { eventOf, withFreshAccess } from './fresh-access.ts'

const UserKeysEvent = builder.objectRef<UserKeysEventView>('UserKeysEvent').implement({
  description: 'User keys of the project that were changed, created or deleted since the last event.',
  fields: (t) => ({
    changedKeys: t.field({
      type: [UserKey],
      ...listOptions(changedKeysMax, 'Changed and new keys in their current state.'),
      resolve: ({ changedKeys }) => [...changedKeys],
    }),
    goneKeyIds: t.idList({
      ...listOptions(
        changedKeysMax,
        'IDs by which the caller knew keys that no longer exist for it, or are redacted now: caches forget what they have under them.',
      ),
      resolve: ({ goneKeyIds }) => [...goneKeyIds],
    }),
    listAgain: t.boolean({
      description:
        'Query the list of keys again: this is the first event, or more keys changed than one event names, or the server may have missed changes.',
      resolve: ({ listAgain }) => listAgain,
    }),
    at: t.field({ type: 'DateTime', description: 'When the keys were read.', resolve: ({ at }) => at }),
  }),
})

builder.subscriptionField('userKeysChanged', (t) =>
  t.field({
    type: UserKeysEvent,
    description:
      "Changed, new and deleted user keys of the caller's project. The first event tells the client to list them. Changes in quick succession make one event. Of a key that is redacted for the caller, only changes of visible fields are sent.",
    authScopes: { permission: 'VIEW' },
    subscribe: async (_root, _args, context) =>
      withFreshAccess(context, await userKeysChanged(context.parts, context.call)),
    resolve: (streamed) => eventOf(streamed),
  }),
)
