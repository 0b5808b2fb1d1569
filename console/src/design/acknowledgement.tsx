import { type ReactNode, useState } from 'react'
import { CheckField } from './fields.tsx'
import { Notice } from './notice.tsx'

/** What the user must say that it knows before something is done. */
interface Acknowledgement {
  /** True if it is asked for and has been given. */
  readonly isGiven: boolean
  /** True if nothing is asked for, or it has been given. */
  readonly mayGoOn: boolean
  /** The warning with its box; null where nothing is asked for. */
  readonly field: ReactNode
}

/** A warning that must be ticked off before a form can be sent, where `isAsked`. */
export function useAcknowledgement(
  isAsked: boolean,
  { warning, label }: { readonly warning: ReactNode; readonly label: string },
): Acknowledgement {
  const [isTicked, setTicked] = useState(false)
  return {
    isGiven: isAsked && isTicked,
    mayGoOn: !isAsked || isTicked,
    field: isAsked && (
      <Notice tone="bad">
        {warning}
        <CheckField label={label} checked={isTicked} onChange={setTicked} />
      </Notice>
    ),
  }
}
