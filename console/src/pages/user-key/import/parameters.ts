import { useState } from 'react'
import type { EnumOf } from '../../../api/graphql.ts'
import { readSetting, writeSetting } from '../../../design/settings.ts'

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
 * machine: so the browser remembers them until they are used or expire.
 */
export function useImportParameters(
  keyId: string,
): [ImportParameters | null, (parameters: ImportParameters | null) => void] {
  const setting = `import.${keyId}`
  const [parameters, setParameters] = useState(() => readParameters(setting))
  return [
    parameters,
    (next) => {
      writeSetting(setting, next && JSON.stringify(next))
      setParameters(next)
    },
  ]
}

function readParameters(setting: string): ImportParameters | null {
  try {
    const parameters = JSON.parse(readSetting(setting) ?? '') as ImportParameters
    return isOver(parameters) ? null : parameters
  } catch {
    return null
  }
}

/** True if the server takes them no more. */
export const isOver = ({ expiresAt }: ImportParameters): boolean => Date.parse(expiresAt) <= Date.now()
