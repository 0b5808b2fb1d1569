import type { GraphQLResolveInfo } from 'graphql'
import { KeysteadError } from '../../errors.ts'
import { type AssociatedInput, checkContext } from '../../keys/rules/encryption-context.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { InputIssues } from '../../keys/rules/input.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { parseBase64 } from '../scalars.ts'
import { ErrorCode } from './enums.ts'

/** A reference to an encrypted value, as another subgraph stores it. Nothing of it is checked before it is selected. */
export interface EncryptedValueReference {
  readonly kind: 'ENCRYPTED_VALUE'
  readonly ciphertext: string
  /** Values of the encryption context by name; null for none. */
  readonly context: Readonly<Record<string, unknown>> | null
}

const DecryptionFailure = builder.objectRef<KeysteadError>('DecryptionFailure').implement({
  description: 'Why an encrypted value cannot be decrypted.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCode,
      description: 'The code that the error of `plaintext` has in its extensions.',
      resolve: ({ code }) => code,
    }),
    message: t.string({
      description: 'For people: the problem, and what to do about it. The wording may change.',
      resolve: ({ message }) => message,
    }),
  }),
})

/** A value that can be decrypted without its key being named: symmetric ciphertext names it. */
export const EncryptedValue = builder.objectRef<EncryptedValueReference>('EncryptedValue').implement({
  description:
    'A value that another subgraph stores encrypted, by the ciphertext and the encryption context that it was encrypted with (Apollo Federation). It is decrypted only if the plaintext is selected, and only with keys that are `decryptableInGraph`. Such a subgraph declares it with `@key(fields: "ciphertext context", resolvable: false)`.',
  fields: (t) => ({
    ciphertext: t.field({
      type: 'Base64',
      description: 'The ciphertext of a symmetric user key, from `encrypt`.',
      resolve: ({ ciphertext }) => parseBase64(ciphertext),
    }),
    context: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The encryption context as an object: the values of its pairs by their names, all strings. Null for none.',
      resolve: ({ context }) => (context === null ? null : checkedContext(context)),
    }),
    plaintext: t.field({
      type: 'Base64',
      nullable: true,
      authScopes: { authenticated: true },
      description:
        'The decrypted bytes. Null with an error if they cannot be had: the codes are those of `decrypt`, and NOT_DECRYPTABLE_IN_GRAPH. All values of an answer are decrypted in one batch, with the limits of `decryptBatch`. Needs DECRYPT.',
      resolve: (value, _args, context, info) => decrypted(value, context, info),
    }),
    text: t.string({
      nullable: true,
      authScopes: { authenticated: true },
      description: 'The decrypted bytes as UTF-8. Null with an error also if they are no UTF-8.',
      resolve: async (value, _args, context, info) => textOf(await decrypted(value, context, info)),
    }),
    failure: t.field({
      type: DecryptionFailure,
      nullable: true,
      authScopes: { authenticated: true },
      description:
        'Why the value cannot be decrypted; null if it can be. It is decrypted to find out, as for `plaintext`. For clients behind gateways that do not say which of several values an error is about.',
      resolve: (value, _args, context, info) => failureOf(() => decrypted(value, context, info)),
    }),
  }),
})

function decrypted(
  { ciphertext, context }: EncryptedValueReference,
  { loaders }: Context,
  { operation }: GraphQLResolveInfo,
): Promise<Buffer> {
  return loaders.decrypted.load({
    value: { ciphertext: parseBase64(ciphertext), context: context === null ? null : pairsOf(context) },
    operationName: operation.name?.value ?? null,
  })
}

/** The error of an attempt in a form that is data to graphql-js; null if there is none. Those of the server are thrown. */
async function failureOf(attempt: () => Promise<unknown>): Promise<KeysteadError | null> {
  try {
    await attempt()
    return null
  } catch (error) {
    if (!(error instanceof KeysteadError) || !isOfValue(error)) throw error
    const { name, code, message } = error
    return { name, code, message }
  }
}

/** True if an error is about the value, its key or the caller, rather than about the server. */
function isOfValue({ code }: KeysteadError): boolean {
  return code !== 'RATE_LIMITED' && code !== 'UNAVAILABLE' && code !== 'INTERNAL'
}

/** Longest object that is read as a context: one more entry than a context has, so that the domain refuses it. */
const pairsMax = 17

/** First entries of contexts. A variable can be the context of very many values: each object is listed once. */
const listedEntries = new WeakMap<object, readonly (readonly [name: string, value: unknown])[]>()

function entriesOf(context: Readonly<Record<string, unknown>>) {
  const entries = listedEntries.get(context) ?? Object.entries(context).slice(0, pairsMax)
  listedEntries.set(context, entries)
  return entries
}

/** Characters that a reference adds to an answer or to a batch at most. */
export function charactersOf({ ciphertext, context }: EncryptedValueReference): number {
  const lengths = (context === null ? [] : entriesOf(context)).map(
    ([name, value]) => name.length + (typeof value === 'string' ? value.length : 0),
  )
  return lengths.reduce((sum, length) => sum + length, ciphertext.length)
}

function pairsOf(context: Readonly<Record<string, unknown>>): NonNullable<AssociatedInput['context']> {
  return entriesOf(context).map(([name, value]) => {
    if (typeof value === 'string') return { name, value }
    throw new InputValidationError([{ path: ['context'], message: 'must have strings as values' }])
  })
}

/** A context is returned only if it is one: aliases could repeat a long value many times. */
function checkedContext(context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const issues = new InputIssues()
  checkContext(issues, pairsOf(context), 'context')
  issues.throwIfAny()
  return context
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Buffer): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new InputValidationError([
      {
        path: ['text'],
        message: 'is for values that are UTF-8, which these bytes are not; select plaintext',
      },
    ])
  }
}
