import type { EnumOf } from '../graphql/graphql.ts'
import { subjectsIn } from '../words.ts'

type Permission = EnumOf<'AccessListPermission'>

/** What has been filled in of new entries of an access list: subjects, and conditions that hold for each of them. */
export interface EntryDraft {
  readonly subjects: string
  /** False: the subjects may do all that their roles allow. */
  readonly isLimited: boolean
  /** None: all that the roles allow. */
  readonly permissions: readonly Permission[]
  /** A pair on each line. */
  readonly context: string
  /** Local time, as the control has it; empty for an entry that does not expire. */
  readonly expiresAt: string
  readonly note: string
}

/** A form that nobody has touched. */
export const noEntries: EntryDraft = {
  subjects: '',
  isLimited: false,
  permissions: [],
  context: '',
  expiresAt: '',
  note: '',
}

const operations: Readonly<Record<EnumOf<'KeyUsage'>, readonly Permission[]>> = {
  ENCRYPT_DECRYPT: ['ENCRYPT', 'DECRYPT'],
  SIGN_VERIFY: ['SIGN', 'VERIFY'],
  GENERATE_VERIFY_MAC: ['GENERATE_MAC', 'VERIFY_MAC'],
  KEY_ENCAPSULATION: ['ENCAPSULATE', 'DECAPSULATE'],
  KEY_AGREEMENT: ['DERIVE'],
}

/** Permissions that an entry can name for a key of this usage. */
export const permissionsFor = (usage: EnumOf<'KeyUsage'>): readonly Permission[] => [
  'VIEW',
  ...operations[usage],
  'MANAGE',
]

/** The draft as the API takes it. */
export function entriesInput(draft: EntryDraft) {
  const subjects = subjectsIn(draft.subjects)
  if (!draft.isLimited) return { subjects }
  const { permissions, expiresAt, note } = draft
  const context = pairsIn(draft.context)
  const limits = {
    ...(permissions.length > 0 && { permissions: [...permissions] }),
    ...(context.length > 0 && { context }),
    ...(expiresAt !== '' && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(note !== '' && { note }),
  }
  return { entries: subjects.map((subject) => ({ subject, ...limits })) }
}

/** Pairs in a text, one on each line: `tenant=acme`. */
function pairsIn(text: string): { name: string; value: string }[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', ...rest] = line.split('=')
      // The server accepts values in this form only.
      return { name: name.trim(), value: rest.join('=').trim().normalize('NFC') }
    })
}
