import {
  type EncryptionContext,
  encodeContext,
  isEncodedContext,
  sortedContext,
} from '../../crypto/encryption-context.ts'
import { InputIssues, requireInput } from './input.ts'
import { comparedTextFault } from './names.ts'

/** Limits of a context. */
export const contextLimits = { pairs: 16, nameCharacters: 64, valueBytes: 256 } as const

/** What is authenticated with a ciphertext: bytes, or a context. */
export interface AssociatedInput {
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  readonly context?: EncryptionContext | null | undefined
}

const namePattern = /^[A-Za-z0-9_.:-]{1,64}$/
const nameRule = `must have 1 to ${contextLimits.nameCharacters} letters, digits, "_", ".", ":" or "-"`

/** Notes the faults of a context. */
export function checkContext(issues: InputIssues, context: EncryptionContext, path: string): void {
  const { pairs } = contextLimits
  issues.require(context.length > 0, path, `must have 1 to ${pairs} pairs; leave it out for none`)
  issues.require(context.length <= pairs, path, `must have at most ${pairs} pairs`)
  if (context.length > pairs) return
  const names = new Set<string>()
  for (const [index, { name, value }] of context.entries()) {
    issues.require(namePattern.test(name), `${path}.${index}.name`, nameRule)
    issues.require(!names.has(name), `${path}.${index}.name`, 'must not be the name of another pair')
    names.add(name)
    const fault = valueFault(value)
    issues.require(fault === null, `${path}.${index}.value`, fault ?? '')
  }
}

/** Fault of a value, in words that begin with "must"; null if there is none. */
function valueFault(value: string): string | null {
  const { valueBytes } = contextLimits
  if (Buffer.byteLength(value) > valueBytes) return `must have at most ${valueBytes} bytes of UTF-8`
  return comparedTextFault(value)
}

/** Checks whether a context has all pairs of another one. */
export function holdsContext(context: EncryptionContext | null, required: EncryptionContext): boolean {
  if (context === null) return false
  return required.every(({ name, value }) =>
    context.some((pair) => pair.name === name && pair.value === value),
  )
}

/**
 * The bytes that are authenticated with a ciphertext; null for none.
 *
 * @param prefix of the names of the two fields in the input, such as `source`
 * @throws InputValidationError if both are given, or one of them is not acceptable
 */
export function associatedDataOf(input: AssociatedInput, prefix = ''): Uint8Array | null {
  const { additionalAuthenticatedData: bytes = null, context = null } = input
  const [bytesPath, contextPath] = associatedPaths(prefix)
  if (context === null) {
    requireInput(
      bytes === null || !isEncodedContext(bytes),
      bytesPath,
      `must not begin as an encoded context does; give the pairs as ${contextPath}`,
    )
    return bytes
  }
  const issues = new InputIssues()
  issues.require(bytes === null, contextPath, `must not be given together with ${bytesPath}`)
  checkContext(issues, context, contextPath)
  issues.throwIfAny()
  return encodeContext(context)
}

/** Names of the two fields in an input. */
export function associatedPaths(prefix: string): readonly [bytes: string, context: string] {
  return prefix === ''
    ? ['additionalAuthenticatedData', 'context']
    : [`${prefix}AdditionalAuthenticatedData`, `${prefix}Context`]
}

/** Bytes that the associated data of an input takes at most, for the limit of a batch. */
export function associatedBytes({ additionalAuthenticatedData, context }: AssociatedInput): number {
  const pairs = (context ?? []).map(({ name, value }) => name.length + Buffer.byteLength(value))
  return (additionalAuthenticatedData?.length ?? 0) + pairs.reduce((sum, bytes) => sum + bytes, 0)
}

/** Names of details of audit events that hold contexts begin with one of these, and the name of a pair follows. */
export const contextDetails = { own: 'context.', source: 'sourceContext.' } as const

/** Details of an audit event for a context; none for one that is not acceptable. */
export function detailsOfContext(
  context: EncryptionContext | null | undefined,
  prefix: (typeof contextDetails)[keyof typeof contextDetails] = contextDetails.own,
): Readonly<Record<string, string>> {
  if (!context) return {}
  const issues = new InputIssues()
  checkContext(issues, context, 'context')
  if (issues.hasAny) return {}
  return Object.fromEntries(sortedContext(context).map(({ name, value }) => [`${prefix}${name}`, value]))
}

/** The context that details of an audit event hold. */
export function contextInDetails(
  details: Readonly<Record<string, unknown>>,
  prefix: (typeof contextDetails)[keyof typeof contextDetails],
): EncryptionContext {
  return sortedContext(
    Object.entries(details).flatMap(([detail, value]) =>
      detail.startsWith(prefix) && typeof value === 'string'
        ? [{ name: detail.slice(prefix.length), value }]
        : [],
    ),
  )
}
