import { useState } from 'react'
import { type CombinedError, type TypedDocumentNode, useClient, useMutation } from 'urql'
import { useTranslations } from 'use-intl'
import { aboutKeys } from './client.ts'
import { useProblemText } from './problem-text.ts'
import { refreshed } from './refreshed.ts'
import type { UserError } from './user-error.ts'

/** The result of the one mutation in a document, if it was not refused. */
type Payload<Data> = Exclude<NonNullable<Data[keyof Data]>, { code: unknown }>

/** A change that can be asked for, and how the last request went. */
export interface Change<Data, Input> {
  readonly isRunning: boolean
  /** Why it was refused, or why it failed: then no field can mend it, and the message says what to do. */
  readonly refusal: UserError | null
  /** Forgets the refusal, as when a dialog is opened anew. */
  reset(): void
  /** Null if it was refused or failed. */
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
  const explain = useExplanation()
  const client = useClient()
  const [, execute] = useMutation(document)
  const [isRunning, setRunning] = useState(false)
  const [refusal, setRefusal] = useState<UserError | null>(null)
  return {
    isRunning,
    refusal,
    reset: () => setRefusal(null),
    async run(input) {
      setRefusal(null)
      setRunning(true)
      const { data, error } = await execute({ input }, options.changesNothing ? {} : aboutKeys)
      if (!options.changesNothing && error === undefined) await refreshed(client)
      setRunning(false)
      const outcome: unknown = data ? Object.values(data)[0] : null
      const refused = isUserError(outcome) ? outcome : outcome == null && error ? failureOf(error) : null
      if (refused !== null) {
        const explained = explain(refused, error)
        setRefusal(explained)
        options.onRefusal?.(explained)
        return null
      }
      return outcome as Payload<Data> | null
    },
  }
}

function isUserError(outcome: unknown): outcome is UserError {
  return typeof outcome === 'object' && outcome !== null && 'code' in outcome
}

/** A failure in the form of a refusal. Without an answer, the change may have been made or not. */
const failureOf = ({ graphQLErrors: [first] }: CombinedError): UserError => ({
  code: String(first?.extensions['code'] ?? 'NO_ANSWER'),
  message: '',
})

/** Gives refusals that mean the same for every change a text in the language of the console. */
function useExplanation(): (refusal: UserError, error: CombinedError | undefined) => UserError {
  const t = useTranslations('problem')
  const problemText = useProblemText()
  return (refusal, error) => {
    if (refusal.code === 'CONFLICT') return { ...refusal, message: t('conflict') }
    if (refusal.code === 'NO_ANSWER') return { ...refusal, message: t('noAnswer') }
    return error === undefined ? refusal : { ...refusal, message: problemText(error) }
  }
}
