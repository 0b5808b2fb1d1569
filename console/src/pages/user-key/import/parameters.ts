import { useState } from 'react'
import type { EnumOf } from '../../../api/graphql.ts'

/** What is needed to wrap material for one import. None of it is secret. */
export interface ImportParameters {
  readonly id: string
  readonly pem: string
  readonly fingerprint: string
  readonly materialFormat: EnumOf<'KeyMaterialFormat'>
  readonly materialBytes: number | null
  readonly expiresAt: string
}

/**
 * The parameters of an import that is under way. The server gives them once, and the material may be wrapped on another
 * machine: so they are kept for this tab, also when it is loaded anew, until they are used or expire.
 */
export function useImportParameters(
  keyId: string,
): [ImportParameters | null, (parameters: ImportParameters | null) => void] {
  const name = `keystead.import.${keyId}`
  const [parameters, setParameters] = useState(() => readParameters(name))
  return [
    parameters,
    (next) => {
      keepParameters(name, next)
      setParameters(next)
    },
  ]
}

function keepParameters(name: string, parameters: ImportParameters | null): void {
  try {
    if (parameters === null) sessionStorage.removeItem(name)
    else sessionStorage.setItem(name, JSON.stringify(parameters))
  } catch {
    // Storage may be switched off. They then last until the page is loaded anew.
  }
}

function readParameters(name: string): ImportParameters | null {
  try {
    const parameters = JSON.parse(sessionStorage.getItem(name) ?? '') as ImportParameters
    return isOver(parameters) ? null : parameters
  } catch {
    return null
  }
}

/** True if the server takes them no more. */
export const isOver = ({ expiresAt }: ImportParameters): boolean => Date.parse(expiresAt) <= Date.now()
