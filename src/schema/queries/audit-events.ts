import { auditEvents } from '../../keys/reading/audit-events.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { AuditAction, AuditEventConnection, AuditOutcome } from '../types/audit-event.ts'
import { pageArguments } from '../types/connection.ts'
import { contextOptions } from '../types/encryption-context.ts'
import { KeyVersionRef } from '../types/key-version.ts'
import { labelConditionsOptions } from '../types/label.ts'

const AuditEventFilter = builder.inputType('AuditEventFilter', {
  description: 'Filter of audit events; all conditions must hold.',
  fields: (t) => ({
    key: t.field({
      type: 'KeyRef',
      description:
        'Of the key with this ID, deleted or not, or of the live key with this name or alias. What names a redacted key finds nothing.',
    }),
    version: t.field({
      type: KeyVersionRef,
      description:
        'About this version, alone or as one of several: those whose `versionNumbers` have it. The versions of a deleted key are found by its ID and number. What names a version that the caller does not see finds nothing.',
    }),
    labels: t.field(
      labelConditionsOptions('Of live keys that have all of these labels now; redacted keys match none.'),
    ),
    action: t.field({ type: [AuditAction], ...listOptions('ONE_FOR_EACH_VALUE', 'One of these actions.') }),
    outcome: t.field({
      type: [AuditOutcome],
      ...listOptions('ONE_FOR_EACH_VALUE', 'With one of these outcomes.'),
    }),
    actor: t.field({
      type: 'SubjectRef',
      description: 'By this subject, e.g. `user:alice` or `system:rotation`.',
    }),
    context: t.field(
      contextOptions(
        'Of operations whose encryption context has all of these pairs; re-encryptions count with the old and the new one. Give `from` and `to` on a large trail.',
      ),
    ),
    from: t.field({ type: 'DateTime', description: 'At this moment or later.' }),
    to: t.field({ type: 'DateTime', description: 'Before this moment.' }),
  }),
})

builder.queryField('auditEvents', (t) =>
  t.field({
    type: AuditEventConnection,
    nullable: true,
    description:
      "Audit events of the caller's project, newest first. Only for callers with a role that gives READ_AUDIT, and for owners that filter by their key or a version of it. Events of keys that are redacted for the caller are neither shown nor counted.",
    authScopes: { permission: 'VIEW' },
    args: {
      ...pageArguments,
      filter: t.arg({ type: AuditEventFilter, description: 'The filter; all without it.' }),
    },
    resolve: (_root, { filter, ...page }, { parts, call }) => auditEvents(parts, call, page, filter ?? {}),
  }),
)
