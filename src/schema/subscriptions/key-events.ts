import { keyEvents } from '../../keys/watching/one-key.ts'
import type { KeyChangeKind, KeyEventView } from '../../keys/watching/stream.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { Key } from '../types/refs.ts'
import { eventOf, withFreshAccess } from './fresh-access.ts'

const KeyChangeKindType = builder.enumType('KeyChangeKind', {
  description: 'Kind of a change of a key.',
  values: {
    DETAILS: { description: 'Its name, description, aliases or labels.' },
    STATE: {
      description: 'Its state, the state of one of its versions, or something that no other kind covers.',
    },
    ROTATED: { description: 'It has a new default version.' },
    AUTOMATIC_ROTATION: { description: 'Its automatic rotation.' },
    ACCESS: {
      description:
        'Access control, its access list or its owner; whether queries may decrypt with it; or the caller now sees more or fewer fields.',
    },
    GONE: { description: 'It no longer exists for the caller.' },
  } satisfies Record<KeyChangeKind, object>,
})

const KeyEvent = builder.objectRef<KeyEventView>('KeyEvent').implement({
  description: 'A change of a key.',
  fields: (t) => ({
    changes: t.field({
      type: [KeyChangeKindType],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'Changes since the last event that the caller may see. Empty in the first event, which shows the current key.',
      ),
      resolve: ({ changes }) => [...changes],
    }),
    key: t.field({
      type: Key,
      nullable: true,
      description:
        'The current key, redacted if the caller has no access to it. Null if the project has no such key (any more); this is then the last event.',
      resolve: ({ key }) => key,
    }),
    goneKeyIds: t.idList({
      ...listOptions(
        1,
        'The ID by which the caller knew the key before, if it has another one now or is gone: caches forget what they have under it.',
      ),
      resolve: ({ goneKeyIds }) => [...goneKeyIds],
    }),
    at: t.field({ type: 'DateTime', description: 'When the key was read.', resolve: ({ at }) => at }),
  }),
})

builder.subscriptionField('keyEvents', (t) =>
  t.field({
    type: KeyEvent,
    description:
      'Changes of one key, starting with its current state. Changes in quick succession make one event. If the key is redacted for the caller, only changes of visible fields are sent.',
    authScopes: { permission: 'VIEW' },
    args: {
      key: t.arg({
        type: 'KeyRef',
        required: true,
        description:
          'A user key or service key: its ID, the stand-in ID that a redacted key shows, its name or an alias. A name or alias stands for the key that has it when the stream starts.',
      }),
    },
    subscribe: async (_root, { key }, context) =>
      withFreshAccess(context, await keyEvents(context.parts, context.call, key)),
    resolve: (streamed) => eventOf(streamed),
  }),
)
