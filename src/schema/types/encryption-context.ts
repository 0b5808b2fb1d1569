import { type AssociatedInput, contextLimits } from '../../keys/rules/encryption-context.ts'
import { builder, type InputFieldBuilder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'

type Pair = NonNullable<AssociatedInput['context']>[number]

const { pairs, nameCharacters, valueBytes } = contextLimits

const descriptions = {
  pair: 'A name and a value of an encryption context.',
  name: `1 to ${nameCharacters} letters, digits, \`_\`, \`.\`, \`:\` or \`-\`; one pair of each name.`,
  value: `Up to ${valueBytes} bytes of UTF-8 in Unicode Normalization Form C, without control or invisible format characters. It is in the audit trail in clear: nothing secret.`,
}

/** A pair of an encryption context, as it is on record or on an access list. */
export const EncryptionContextPair = builder.objectRef<Pair>('EncryptionContextPair').implement({
  description: descriptions.pair,
  fields: (t) => ({
    name: t.string({ description: descriptions.name, resolve: ({ name }) => name }),
    value: t.string({ description: descriptions.value, resolve: ({ value }) => value }),
  }),
})

const EncryptionContextPairInput = builder.inputType('EncryptionContextPairInput', {
  description: descriptions.pair,
  fields: (t) => ({
    name: t.string({ required: true, description: descriptions.name }),
    value: t.string({ required: true, description: descriptions.value }),
  }),
})

/** Options of an input field, or an argument, that is a context. */
export function contextOptions(description: string) {
  const type: [typeof EncryptionContextPairInput] = [EncryptionContextPairInput]
  return { type, ...listOptions(pairs, description) }
}

/** Options of an output field that is a context. */
export function contextListOptions(description: string) {
  const type: [typeof EncryptionContextPair] = [EncryptionContextPair]
  return { type, ...listOptions(pairs, description) }
}

/** Input fields for what is authenticated with a ciphertext: bytes or a context. */
export function associatedFields(t: InputFieldBuilder, exception = '') {
  return {
    additionalAuthenticatedData: t.field({
      type: 'Base64',
      description: `Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt.${exception}`,
    }),
    context: t.field(
      contextOptions(
        `Encryption context, in place of \`additionalAuthenticatedData\`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them.${exception}`,
      ),
    ),
  }
}
