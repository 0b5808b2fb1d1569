import { CommandError, UsageError } from '../../command-line/command.ts'
import { parseId } from '../../ids.ts'
import type { OperatorKeyWanted } from '../../keys/changing/operator.ts'

/** Options that name a key. */
export const keyOptions = {
  project: { type: 'string', value: 'PROJECT', required: true, meaning: 'Project of the key.' },
  key: {
    type: 'string',
    value: 'ID',
    meaning: 'ID of the key: ukey_… or skey_…, or rkey_… as seen by callers without access.',
  },
  name: { type: 'string', value: 'NAME', meaning: 'Name of the key, instead of its ID.' },
} as const

interface KeyValues {
  readonly project: string
  readonly key: string | undefined
  readonly name: string | undefined
}

/**
 * Reads the key that the options name.
 *
 * @throws UsageError unless exactly one option names it
 */
export function keyWanted({ project: projectId, key, name }: KeyValues): OperatorKeyWanted {
  if ((key === undefined) === (name === undefined)) {
    throw new UsageError('Give exactly one of --key ID and --name NAME.')
  }
  if (name !== undefined) return { projectId, by: { name } }
  const id = key ?? ''
  const kind = parseId(id)?.kind
  if (kind !== 'userKey' && kind !== 'serviceKey' && kind !== 'redactedKey') {
    throw new UsageError(`--key needs the ID of a key (ukey_…, skey_… or rkey_…), which "${id}" is not.`)
  }
  return { projectId, by: { id } }
}

/** Error for a key that the project does not have. */
export function noSuchKey({ projectId, by }: OperatorKeyWanted): CommandError {
  const key = 'id' in by ? `the ID ${by.id}` : `the name "${by.name}"`
  return new CommandError(
    `The project "${projectId}" has no key with ${key}. Projects and names are case-sensitive.`,
  )
}
