import type { EnumOf } from '../../../api/graphql.ts'
import { type Address, useAddress } from '../../../design/address.ts'
import type { Pair } from '../../../design/pairs-field.tsx'
import { permissionsFor } from '../../../keys/access-entry.ts'
import { roles } from '../../../keys/roles.ts'
import type { DetailKey } from '../detail-key.ts'

/** What one can ask about. */
export type Operation = EnumOf<'KeyOperation'>

/** A question about the access of somebody to a key. It is in the address, so that it can be shared. */
export interface Question {
  /** Null: the viewer itself. */
  readonly subject: string | null
  readonly operation: Operation
  /** Supposed groups, roles and pairs of the encryption context; null where that is not known. */
  readonly groups: readonly string[] | null
  readonly roles: readonly EnumOf<'Role'>[] | null
  readonly context: readonly Pair[] | null
}

const allOperations = [
  'VIEW',
  'ENCRYPT',
  'DECRYPT',
  'SIGN',
  'VERIFY',
  'GENERATE_MAC',
  'VERIFY_MAC',
  'ENCAPSULATE',
  'DECAPSULATE',
  'DERIVE',
  'MANAGE',
  'READ_AUDIT',
] as const satisfies readonly Operation[]
/** Stands for a list that is known to be empty. */
const none = '-'

/** What one can ask about a key: what it can do, or everything where that is hidden. */
export const operationsOf = ({ usage }: DetailKey): readonly Operation[] =>
  usage === null ? allOperations : [...permissionsFor(usage), 'READ_AUDIT']

/** True if the operation has an encryption context. */
export const hasContext = (operation: Operation, { type }: DetailKey): boolean =>
  (operation === 'ENCRYPT' || operation === 'DECRYPT') && type !== 'ASYMMETRIC'

/** The question in the address, and how to ask another. Null while nothing is asked. */
export function useQuestion(): [Question | null, (question: Question | null) => void] {
  const address = useAddress()
  return [questionIn(address), (question) => address.set(parametersOf(question))]
}

function questionIn(address: Address): Question | null {
  const operation = allOperations.find((each) => each === address.get('may'))
  if (operation === undefined) return null
  return {
    subject: address.get('who'),
    operation,
    groups: listIn(address, 'group'),
    roles: listIn(address, 'role')?.flatMap((name) => roles.find((role) => role === name) ?? []) ?? null,
    context:
      listIn(address, 'with')?.map((text) => {
        const [name = '', ...value] = text.split('=')
        return { name, value: value.join('=') }
      }) ?? null,
  }
}

function listIn(address: Address, name: string): readonly string[] | null {
  const values = address.getAll(name)
  return values.length === 0 ? null : values.filter((value) => value !== none)
}

function parametersOf(question: Question | null) {
  const list = (values: readonly string[] | null | undefined) =>
    values == null ? null : values.length === 0 ? none : values
  return {
    may: question?.operation ?? null,
    who: question?.subject ?? null,
    group: list(question?.groups),
    role: list(question?.roles),
    with: list(question?.context?.map(({ name, value }) => `${name}=${value}`)),
  }
}
