import type { EnumOf } from '../../api/graphql.ts'
import { type Pair, pairsInput } from '../../design/pairs-field.tsx'
import { type AccessEntryDraft, accessEntryInput, hasContext } from '../../keys/access-entry.ts'
import { type AlgorithmInfo, algorithmsFor, typesFor, usagesOf } from './key-algorithms.ts'

/** What has been filled in of a new key. */
export interface KeyDraft {
  readonly name: string
  readonly description: string
  readonly labels: readonly Pair[]
  readonly preActivation: boolean
  readonly usage: EnumOf<'KeyUsage'>
  readonly algorithm: AlgorithmInfo
  readonly origin: EnumOf<'KeyOrigin'>
  readonly decryptableInGraph: boolean
  readonly rotates: boolean
  readonly cycleDays: string
  readonly restrictsAccess: boolean
  /** Subjects that may do all that their roles allow. */
  readonly subjects: readonly string[]
  /** Subjects that may do some of it. */
  readonly entries: readonly AccessEntryDraft[]
}

/** A form that nobody has touched: it begins with the first usage that the server offers. */
export function newDraft(offered: readonly AlgorithmInfo[]): KeyDraft {
  const [usage] = usagesOf(offered)
  const type = usage && typesFor(offered, usage)[0]
  const algorithm = usage && type && algorithmsFor(offered, usage, type)[0]
  if (usage === undefined || algorithm === undefined) throw new Error('The server offers no algorithm.')
  return { ...untouched, usage, algorithm }
}

const untouched: Omit<KeyDraft, 'usage' | 'algorithm'> = {
  name: '',
  description: '',
  labels: [],
  preActivation: false,
  origin: 'KEYSTEAD',
  decryptableInGraph: false,
  rotates: false,
  cycleDays: '365',
  restrictsAccess: true,
  subjects: [],
  entries: [],
}

/** Only ciphertexts of these keys tell which key they are of. */
export const canDecryptInGraph = ({ usage, algorithm }: KeyDraft): boolean =>
  hasContext({ usage, type: algorithm.type })

/** The system makes no material for a key whose material is imported. */
export const canRotateItself = ({ origin }: KeyDraft): boolean => origin === 'KEYSTEAD'

/** The draft as the API takes it. */
export function createInput(draft: KeyDraft) {
  const { name, description, usage, algorithm, origin, subjects, entries } = draft
  return {
    name,
    description,
    usage,
    algorithm: algorithm.algorithm,
    origin,
    ...(draft.labels.length > 0 && { labels: pairsInput(draft.labels) }),
    ...(canDecryptInGraph(draft) && { decryptableInGraph: draft.decryptableInGraph }),
    ...(canRotateItself(draft) && {
      preActivation: draft.preActivation,
      automaticRotation: draft.rotates
        ? { enabled: true, cycleDays: Number(draft.cycleDays) }
        : { enabled: false },
    }),
    accessControl: draft.restrictsAccess
      ? { enabled: true, allowedSubjects: [...subjects], entries: entries.map(accessEntryInput) }
      : { enabled: false },
  }
}
