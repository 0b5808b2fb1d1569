import { useState } from 'react'
import { type TypedDocumentNode, useMutation } from 'urql'
import { aboutKeys } from './client.ts'
import type { UserError } from './user-error.ts'

/** The result of the one mutation in a document, if it was not refused. */
type Payload<Data> = Exclude<NonNullable<Data[keyof Data]>, { code: unknown }>

/** A change that can be asked for, and how the last request went. */
export interface Change<Data, Input> {
  readonly isRunning: boolean
  readonly refusal: UserError | null
  /** Forgets the refusal, as when a dialog is opened anew. */
  reset(): void
  /** Null if it was refused or failed; top-level errors go to the banner. */
  run(input: Input): Promise<Payload<Data> | null>
}

/**
 * Runs a mutation that takes one input and answers a payload or a `UserError`. With `changesNothing`, as for encrypting,
 * what is shown of keys is not asked for anew.
 */
export function useChange<Data extends object, Input>(
  document: TypedDocumentNode<Data, { input: Input }>,
  options: { readonly changesNothing?: boolean; readonly onRefusal?: (refusal: UserError) => void } = {},
): Change<Data, Input> {
  const [{ fetching }, execute] = useMutation(document)
  const [refusal, setRefusal] = useState<UserError | null>(null)
  return {
    isRunning: fetching,
    refusal,
    reset: () => setRefusal(null),
    async run(input) {
      setRefusal(null)
      const { data } = await execute({ input }, options.changesNothing ? {} : aboutKeys)
      const outcome: unknown = data ? Object.values(data)[0] : null
      if (isUserError(outcome)) {
        setRefusal(outcome)
        options.onRefusal?.(outcome)
        return null
      }
      return outcome as Payload<Data> | null
    },
  }
}

function isUserError(outcome: unknown): outcome is UserError {
  return typeof outcome === 'object' && outcome !== null && 'code' in outcome
}
