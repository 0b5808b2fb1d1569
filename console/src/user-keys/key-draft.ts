import type { EnumOf } from '../graphql/graphql.ts'
import { subjectsIn } from '../words.ts'
import type { AlgorithmInfo } from './key-algorithms.ts'

/** What has been filled in of a new key. */
export interface KeyDraft {
  readonly name: string
  readonly description: string
  readonly usage: EnumOf<'KeyUsage'>
  readonly algorithm: AlgorithmInfo
  readonly origin: EnumOf<'KeyOrigin'>
  readonly preActivation: boolean
  readonly rotates: boolean
  readonly cycleDays: string
  readonly restrictsAccess: boolean
  readonly subjects: string
}

/** A form that nobody has touched. */
export const newDraft = (usage: EnumOf<'KeyUsage'>, algorithm: AlgorithmInfo): KeyDraft => ({
  name: '',
  description: '',
  usage,
  algorithm,
  origin: 'KEYSTEAD',
  preActivation: false,
  rotates: false,
  cycleDays: '365',
  restrictsAccess: false,
  subjects: '',
})

/** The draft as the API takes it. */
export function createInput(draft: KeyDraft) {
  const { name, description, usage, algorithm, origin } = draft
  return {
    name,
    description,
    usage,
    algorithm: algorithm.algorithm,
    origin,
    ...(origin === 'KEYSTEAD' && {
      preActivation: draft.preActivation,
      automaticRotation: draft.rotates
        ? { enabled: true, cycleDays: Number(draft.cycleDays) }
        : { enabled: false },
    }),
    ...(draft.restrictsAccess && {
      accessControl: { enabled: true, allowedSubjects: subjectsIn(draft.subjects) },
    }),
  }
}
