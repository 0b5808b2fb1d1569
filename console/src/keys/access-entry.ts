import type { EnumOf } from '../api/graphql.ts'
import { type Pair, pairsInput } from '../design/pairs-field.tsx'

/** Permission that an entry of an access list can name. */
export type EntryPermission = EnumOf<'AccessListPermission'>

/** What has been filled in of an entry of an access list. */
export interface AccessEntryDraft {
  readonly subject: string
  /** Null: all that the roles of the subject allow. Every entry lets its subject view the key. */
  readonly permissions: readonly EntryPermission[] | null
  readonly context: readonly Pair[]
  /** Local time, as the control has it; empty for an entry that does not expire. */
  readonly expiresAt: string
  readonly note: string
}

/** An entry that nobody has touched. */
export const newAccessEntry: AccessEntryDraft = {
  subject: '',
  permissions: null,
  context: [],
  expiresAt: '',
  note: '',
}

const operations: Readonly<Record<EnumOf<'KeyUsage'>, readonly EntryPermission[]>> = {
  ENCRYPT_DECRYPT: ['ENCRYPT', 'DECRYPT'],
  SIGN_VERIFY: ['SIGN', 'VERIFY'],
  GENERATE_VERIFY_MAC: ['GENERATE_MAC', 'VERIFY_MAC'],
  KEY_ENCAPSULATION: ['ENCAPSULATE', 'DECAPSULATE'],
  KEY_AGREEMENT: ['DERIVE'],
}

/** Permissions that an entry can name for a key of this usage. */
export const permissionsFor = (usage: EnumOf<'KeyUsage'>): readonly EntryPermission[] => [
  'VIEW',
  ...operations[usage],
  'MANAGE',
]

/** The entry as the API takes it. */
export function accessEntryInput(draft: AccessEntryDraft) {
  const { permissions, context, expiresAt, note } = draft
  return {
    subject: draft.subject.trim(),
    ...(permissions !== null && { permissions: [...new Set<EntryPermission>(['VIEW', ...permissions])] }),
    ...(context.length > 0 && { context: pairsInput(context) }),
    ...(expiresAt !== '' && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(note !== '' && { note }),
  }
}

/** The entry without what a key of this usage and type does not have. */
export function fittingEntry(
  draft: AccessEntryDraft,
  key: { readonly usage: EnumOf<'KeyUsage'>; readonly type: EnumOf<'KeyType'> },
): AccessEntryDraft {
  const { permissions, context } = draft
  const possible = permissionsFor(key.usage)
  return {
    ...draft,
    permissions: permissions?.filter((permission) => possible.includes(permission)) ?? null,
    context: hasContext(key) ? context : [],
  }
}

/** True if operations of such keys have an encryption context. */
export const hasContext = (key: {
  readonly usage: EnumOf<'KeyUsage'> | null
  readonly type: EnumOf<'KeyType'> | null
}): boolean => key.usage === 'ENCRYPT_DECRYPT' && key.type === 'SYMMETRIC'
