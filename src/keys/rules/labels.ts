import type { InputIssues } from './input.ts'
import { comparedTextFault } from './names.ts'

/** A name and a value that people give to a key. It has one of each name. */
export interface KeyLabel {
  readonly name: string
  readonly value: string
}

/** Limits of the labels of a key. */
export const labelLimits = { count: 50, nameCharacters: 63, valueCharacters: 256 } as const

/** Notes the faults of labels that are given to a key. */
export function checkLabels(issues: InputIssues, labels: readonly KeyLabel[], path: string): void {
  const { count } = labelLimits
  issues.require(labels.length <= count, path, `must have at most ${count} entries`)
  if (labels.length > count) return
  const names = new Set<string>()
  for (const [index, { name, value }] of labels.entries()) {
    checkLabel(issues, { name, value }, `${path}.${index}`)
    issues.require(!names.has(name), `${path}.${index}.name`, 'must not be the name of another label')
    names.add(name)
  }
}

/** Notes the faults of one label. */
function checkLabel(issues: InputIssues, { name, value }: KeyLabel, path: string): void {
  const faults = { name: nameFault(name), value: valueFault(value) }
  issues.require(faults.name === null, `${path}.name`, faults.name ?? '')
  issues.require(faults.value === null, `${path}.value`, faults.value ?? '')
}

/** A label that a key must have. */
export interface LabelCondition {
  readonly name: string
  /** Null for any value. */
  readonly value?: string | null | undefined
}

/** Most labels that a filter asks for. */
export const labelConditionsMax = 10

/** Notes the faults of labels that a filter asks for. */
export function checkLabelConditions(
  issues: InputIssues,
  labels: readonly LabelCondition[],
  path: string,
): void {
  issues.require(labels.length <= labelConditionsMax, path, `must have at most ${labelConditionsMax} entries`)
  if (labels.length > labelConditionsMax) return
  for (const [index, { name, value }] of labels.entries())
    checkLabel(issues, { name, value: value ?? '' }, `${path}.${index}`)
}

/** Labels that a filter asks for, as the database is asked. */
export function wantedLabels(
  labels: readonly LabelCondition[],
): readonly { readonly name: string; readonly value: string | null }[] {
  return labels.map(({ name, value }) => ({ name, value: value ?? null }))
}

/** Notes the faults of names of labels, and of names that are given twice. */
export function checkLabelNames(issues: InputIssues, names: readonly string[], path: string): void {
  const { count } = labelLimits
  issues.require(names.length <= count, path, `must have at most ${count} entries`)
  if (names.length > count) return
  for (const [index, name] of names.entries()) {
    const fault = nameFault(name)
    issues.require(fault === null, `${path}.${index}`, fault ?? '')
    issues.require(names.indexOf(name) === index, `${path}.${index}`, 'must not be given twice')
  }
}

function nameFault(name: string): string | null {
  const { nameCharacters } = labelLimits
  const length = [...name].length
  if (length < 1 || length > nameCharacters) return `must have 1 to ${nameCharacters} characters`
  if (name !== name.trim()) return 'must not begin or end with a space'
  return comparedTextFault(name)
}

function valueFault(value: string): string | null {
  const { valueCharacters } = labelLimits
  if ([...value].length > valueCharacters) return `must have at most ${valueCharacters} characters`
  return comparedTextFault(value)
}

/** Labels in the order in which a key has them. */
export function sortedLabels(labels: readonly KeyLabel[]): readonly KeyLabel[] {
  return labels
    .map(({ name, value }) => ({ name, value }))
    .sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)))
}

/** Details of an audit event for labels: each name after a word for what was done, with the value, or the last one. */
export function detailsOfLabels(
  labels: readonly KeyLabel[],
  done: 'label' | 'removedLabel' = 'label',
): Readonly<Record<string, string>> {
  return Object.fromEntries(sortedLabels(labels).map(({ name, value }) => [`${done}.${name}`, value]))
}
