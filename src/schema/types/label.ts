import { type KeyLabel, labelConditionsMax, labelLimits } from '../../keys/rules/labels.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'

const { count, nameCharacters, valueCharacters } = labelLimits

const characters = 'in Unicode Normalization Form C, without control or invisible format characters'

const descriptions = {
  label: 'A name and a value that people give to a key, to find it by. Labels never grant anything.',
  name: `1 to ${nameCharacters} characters ${characters}, and no space at either end; case counts. A key has one label of each name.`,
  value: `Up to ${valueCharacters} characters ${characters}. It is in the audit trail in clear: nothing secret.`,
}

/** A label of a key. */
export const Label = builder.objectRef<KeyLabel>('Label').implement({
  description: descriptions.label,
  fields: (t) => ({
    name: t.string({ description: descriptions.name, resolve: ({ name }) => name }),
    value: t.string({ description: descriptions.value, resolve: ({ value }) => value }),
  }),
})

const LabelInput = builder.inputType('LabelInput', {
  description: descriptions.label,
  fields: (t) => ({
    name: t.string({ required: true, description: descriptions.name }),
    value: t.string({ required: true, description: descriptions.value }),
  }),
})

/** Options of an input field with labels for a key. */
export function labelsOptions(description: string) {
  const type: [typeof LabelInput] = [LabelInput]
  return { type, ...listOptions(count, description) }
}

const LabelCondition = builder.inputType('LabelCondition', {
  description: 'A label that a key must have.',
  fields: (t) => ({
    name: t.string({ required: true, description: descriptions.name }),
    value: t.string({ description: 'The value of the label; any without it. Case counts.' }),
  }),
})

/** Options of an input field with labels that keys must have. */
export function labelConditionsOptions(description: string) {
  const type: [typeof LabelCondition] = [LabelCondition]
  return { type, ...listOptions(labelConditionsMax, description) }
}
