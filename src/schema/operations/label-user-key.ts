import { labelUserKey, labelUserKeyBatch } from '../../keys/changing/user-keys.ts'
import { labelLimits } from '../../keys/rules/labels.ts'
import { changeErrors } from '../errors.ts'
import { listOptions } from '../list-limits.ts'
import { labelsOptions } from '../types/label.ts'
import { defineBatchableMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const LabelUserKeyPayload = defineKeyPayload('LabelUserKeyPayload', 'A key with its new labels.')

defineBatchableMutation('labelUserKey', {
  description: `Sets labels of a key, removes others, and leaves the rest as they are. A key has at most ${labelLimits.count}. Needs MANAGE.`,
  input: 'The key, and the labels to set or to remove.',
  fields: (t) => ({
    key: keyField(t),
    set: t.field(labelsOptions('Labels to set: new ones, and new values of those that the key has.')),
    remove: t.field({
      type: ['String'],
      ...listOptions(
        labelLimits.count,
        'Names of labels to remove. A name that the key has no label of changes nothing.',
      ),
    }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: LabelUserKeyPayload,
  errors: changeErrors,
  resolve: ({ parts, call }, input) => labelUserKey(parts, call, input),
  many: 'Sets and removes labels of many keys',
  batch: labelUserKeyBatch,
})
