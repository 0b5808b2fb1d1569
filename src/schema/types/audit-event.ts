import type { AuditEventView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { AuditAction } from './audit-action.ts'
import { defineConnection } from './connection.ts'
import { ErrorCode } from './enums.ts'
import { Node } from './node.ts'
import { Key } from './refs.ts'
import { Subject } from './subject.ts'

export const AuditOutcome = builder.enumType('AuditOutcome', {
  description: 'How something that was attempted ended.',
  values: {
    SUCCEEDED: { description: 'It was done.' },
    DENIED: { description: 'The caller may not do it; nothing was done.' },
    FAILED: { description: 'It was refused or failed for another reason; nothing was done.' },
  } as const,
})

const AuditEvent = builder.objectRef<AuditEventView>('AuditEvent').implement({
  description:
    'One thing that was done or attempted with a key. Events of a key that is redacted for the caller now do not exist for it; for a deleted key its last access list decides.',
  interfaces: [Node],
  // The domain gives events to no one else; this is the second lock.
  authScopes: (event) => ({ readableEvent: event }),
  isTypeOf: (view) => (view as AuditEventView).kind === 'AUDIT_EVENT',
  fields: (t) => ({
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When it was put on record.',
      resolve: ({ occurredAt }) => occurredAt,
    }),
    action: t.field({ type: AuditAction, description: 'What it was.', resolve: ({ action }) => action }),
    outcome: t.field({
      type: AuditOutcome,
      description: 'How it ended.',
      resolve: ({ outcome }) => outcome,
    }),
    errorCode: t.field({
      type: ErrorCode,
      nullable: true,
      description: 'Code of the error that the caller got; null where it succeeded.',
      // Only codes of the table are ever written.
      resolve: ({ errorCode }) => errorCode as typeof ErrorCode.$inferType | null,
    }),
    actor: t.field({ type: Subject, description: 'Who did it.', resolve: ({ actor }) => actor }),
    tokenId: t.string({
      nullable: true,
      description: "The `jti` claim of the caller's token; null for the system, and for tokens without it.",
      resolve: ({ tokenId }) => tokenId,
    }),
    clientAddress: t.string({
      nullable: true,
      description: 'Network address that the request came from; null for the system.',
      resolve: ({ clientAddress }) => clientAddress,
    }),
    requestId: t.string({
      description: 'ID of the request, as its answer and the log have it.',
      resolve: ({ requestId }) => requestId,
    }),
    keyId: t.id({
      nullable: true,
      description: 'The real ID of the key, deleted or not; null for what is about no key of the project.',
      resolve: ({ keyId }) => keyId,
    }),
    keyName: t.string({
      nullable: true,
      description: 'Name that the key has now; of a deleted key the last one.',
      resolve: ({ keyName }) => keyName,
    }),
    key: t.field({
      type: Key,
      nullable: true,
      description: 'The key; null when it is deleted, and for what is about no key.',
      async resolve({ keyId, keyDeleted }, _args, { loaders }) {
        const key = keyId === null || keyDeleted === true ? null : await loaders.node.load(keyId)
        return key?.kind === 'USER' || key?.kind === 'SERVICE' ? key : null
      },
    }),
    keyRevision: t.int({
      nullable: true,
      description: "The key's revision after a change; null for what changed nothing.",
      resolve: ({ keyRevision }) => keyRevision,
    }),
    versionNumber: t.int({
      nullable: true,
      description: 'Number of the version that was used or changed, where there was one.',
      resolve: ({ versionNumber }) => versionNumber,
    }),
    details: t.field({
      type: 'JSON',
      description:
        'Further facts by name, e.g. `plaintextDisclosed` of a data key. Never plaintext, key material or tokens.',
      resolve: ({ details }) => details,
    }),
  }),
})

/** Pages of audit events. */
export const AuditEventConnection = defineConnection('AuditEvent', AuditEvent)
