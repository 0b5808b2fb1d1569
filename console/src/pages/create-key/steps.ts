import type { UserError } from '../../api/user-error.ts'
import { canRotateItself, type KeyDraft } from './key-draft.ts'

const all = ['basics', 'configuration', 'rotation', 'access', 'summary'] as const

/** A step of the wizard. */
export type Step = (typeof all)[number]

/** The steps in their order: without those that say nothing about this key. */
export const stepsOf = (draft: KeyDraft): readonly Step[] =>
  all.filter((step) => step !== 'rotation' || canRotateItself(draft))

/** The step that has a field, by the beginning of its path. */
const stepByField: Readonly<Record<string, Step>> = {
  name: 'basics',
  description: 'basics',
  labels: 'basics',
  preActivation: 'basics',
  usage: 'configuration',
  type: 'configuration',
  algorithm: 'configuration',
  origin: 'configuration',
  decryptableInGraph: 'configuration',
  automaticRotation: 'rotation',
  accessControl: 'access',
}

const stepOf = (path: readonly string[]): Step => stepByField[path[0] ?? ''] ?? 'summary'

/** The refusal, taken apart by the steps that have the fields it is about. A name that is taken has a code of its own. */
export function refusalsByStep(refusal: UserError): ReadonlyMap<Step, UserError> {
  if (refusal.code === 'NAME_TAKEN') return new Map([['basics', refusal]])
  const { issues = [] } = refusal
  const parts = Map.groupBy(issues, ({ path }) => stepOf(path))
  if (parts.size === 0) return new Map([['summary', refusal]])
  return new Map([...parts].map(([step, own]) => [step, { ...refusal, issues: own }]))
}

/** What is wrong with a field that the console finds without the server. */
export const refusalAt = (path: string, message: string): UserError => ({
  code: 'INPUT_VALIDATION',
  message,
  issues: [{ path: path.split('.'), message }],
})
