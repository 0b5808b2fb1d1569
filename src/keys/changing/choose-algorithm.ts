import { defaultAlgorithms, findAlgorithm } from '../../crypto/algorithms.ts'
import type { KeyUsage } from '../../crypto/capabilities.ts'
import type { DomainSettings } from '../parts/parts.ts'
import type { InputIssues } from '../rules/input.ts'
import type { CreateUserKeyInput } from './user-keys.ts'

/** What a new key is: complete and possible. */
export interface AlgorithmChoice {
  readonly algorithm: string
  readonly usage: KeyUsage
}

/** Works out algorithm and usage from what the caller gave; notes issues and returns null where that is not possible. */
export function chooseAlgorithm(
  issues: InputIssues,
  input: Pick<CreateUserKeyInput, 'type' | 'usage' | 'algorithm'>,
  settings: DomainSettings,
): AlgorithmChoice | null {
  const name = input.algorithm ?? defaultAlgorithmOf(input)
  const entry = name === null ? undefined : findAlgorithm(name)
  if (entry === undefined) {
    issues.require(
      false,
      'algorithm',
      'must be given for this combination of type and usage (see keyAlgorithms)',
    )
    return null
  }
  const usages = Object.keys(entry.capabilities) as KeyUsage[]
  const usage = input.usage ?? (usages.length === 1 ? usages[0] : undefined)
  issues.require(
    settings.allowedAlgorithms.length === 0 || settings.allowedAlgorithms.includes(entry.name),
    'algorithm',
    'is not allowed on this server (see keyAlgorithms)',
  )
  issues.require(!input.type || input.type === entry.type, 'type', `must be ${entry.type} for this algorithm`)
  issues.require(
    usage !== undefined && usages.includes(usage),
    'usage',
    `must be ${usages.join(' or ')} for this algorithm`,
  )
  return usage === undefined ? null : { algorithm: entry.name, usage }
}

function defaultAlgorithmOf(input: Pick<CreateUserKeyInput, 'type' | 'usage'>): string | null {
  const usage = input.usage ?? 'ENCRYPT_DECRYPT'
  const fits = defaultAlgorithms.find(
    (each) => each.usage === usage && (!input.type || each.type === input.type),
  )
  return fits?.algorithm ?? null
}
