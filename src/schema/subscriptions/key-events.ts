import { keyEvents } from '../../keys/watching/one-key.ts'
import type { KeyChangeKind, KeyEventView } from '../../keys/watching/subscriptions.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { Key } from '../types/refs.ts'
import { eventOf, withFreshAccess } from './fresh-access.ts'

const KeyChangeKindType = builder.enumType('KeyChangeKind', {
  description: 'What has changed of a key.',
  values: {
    DETAILS: { description: 'Its name or description.' },
    STATE: { description: 'Its state, that of one of its versions, or something that no other kind names.' },
    ROTATED: { description: 'It has a new default version.' },
    AUTOMATIC_ROTATION: { description: 'Whether and how often the system rotates it.' },
    ACCESS: {
      description: 'Access control, its access list or its owner; or the caller sees more or less of it.',
    },
    GONE: { description: 'It is not there for the caller any more.' },
  } satisfies Record<KeyChangeKind, object>,
})

const KeyEvent = builder.objectRef<KeyEventView>('KeyEvent').implement({
  description: 'Something that happened to a key.',
  fields: (t) => ({
    changes: t.field({
      type: [KeyChangeKindType],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'What has changed since the last event, as far as the caller sees it; empty in the first event, which shows the key as it is.',
      ),
      resolve: ({ changes }) => [...changes],
    }),
    key: t.field({
      type: Key,
      nullable: true,
      description:
        'The key as it is now, redacted if the caller may not see it whole. Null if the project has none such (any more): then this is the last event.',
      resolve: ({ key }) => key,
    }),
    at: t.field({ type: 'DateTime', description: 'When the key was read.', resolve: ({ at }) => at }),
  }),
})

builder.subscriptionField('keyEvents', (t) =>
  t.field({
    type: KeyEvent,
    description:
      'What happens to one key, starting with how it is now. Changes that come quickly one after the other make one event. A caller that the key is redacted for hears of changes of what it sees only.',
    authScopes: { permission: 'VIEW' },
    args: {
      keyId: t.arg.id({
        required: true,
        description: 'ID of a user key or service key, or the stand-in ID that a redacted key shows.',
      }),
    },
    subscribe: async (_root, { keyId }, context) =>
      withFreshAccess(context, await keyEvents(context.parts, context.call, keyId)),
    resolve: (streamed) => eventOf(streamed),
  }),
)
