import {
  type UpcomingEventView,
  upcomingDaysMax,
  upcomingEvents,
} from '../../keys/reading/upcoming-events.ts'
import { builder } from '../builder.ts'
import { defineConnection, pageArguments } from '../types/connection.ts'
import { Key, KeyVersion } from '../types/refs.ts'

const UpcomingEventKind = builder.enumType('UpcomingEventKind', {
  description: 'What will happen to a key.',
  values: {
    ROTATION: { description: 'The system will generate a new version.' },
    DESTRUCTION: { description: 'The material of a version will be erased.' },
  } as const,
})

const UpcomingEvent = builder.objectRef<UpcomingEventView>('UpcomingEvent').implement({
  description: 'Something that the system will do to a key, unless somebody changes the key before.',
  fields: (t) => ({
    kind: t.field({ type: UpcomingEventKind, description: 'What will happen.', resolve: ({ kind }) => kind }),
    at: t.field({
      type: 'DateTime',
      description: 'When it is due. A rotation that is overdue has a moment in the past.',
      resolve: ({ at }) => at,
    }),
    key: t.field({ type: Key, description: 'The key.', resolve: ({ key }) => key }),
    version: t.field({
      type: KeyVersion,
      nullable: true,
      description: 'The version that will be destroyed; null for a rotation.',
      resolve: ({ version }) => version,
    }),
  }),
})

const UpcomingEventConnection = defineConnection('UpcomingEvent', UpcomingEvent)

builder.queryField('upcomingEvents', (t) =>
  t.field({
    type: UpcomingEventConnection,
    nullable: true,
    description:
      "Rotations and destructions that are due for the user keys and service keys of the caller's project, in order of time. Those of keys that are redacted for the caller are neither shown nor counted.",
    authScopes: { permission: 'VIEW' },
    args: {
      ...pageArguments,
      until: t.arg({
        type: 'DateTime',
        required: true,
        description: `The last moment: in the future, at most ${upcomingDaysMax} days ahead.`,
      }),
    },
    resolve: (_root, { until, ...page }, { parts, call }) => upcomingEvents(parts, call, until, page),
  }),
)
