import { parseId } from '../../ids.ts'
import type { OperatorKeyWanted } from '../../keys/changing/operator.ts'
import { CommandError, UsageError } from '../command.ts'

/** The options by which commands name one key. */
export const keyOptions = {
  project: { type: 'string', value: 'PROJECT', required: true, meaning: 'The project that the key is in.' },
  key: {
    type: 'string',
    value: 'ID',
    meaning: 'ID of the key: ukey_… or skey_…, or rkey_… as those without access see it.',
  },
  name: { type: 'string', value: 'NAME', meaning: 'Name of the key, instead of its ID.' },
} as const

interface KeyValues {
  readonly project: string
  readonly key: string | undefined
  readonly name: string | undefined
}

/**
 * Which key the options name.
 *
 * @throws UsageError unless it is named in one of the two ways
 */
export function keyWanted({ project: projectId, key, name }: KeyValues): OperatorKeyWanted {
  if ((key === undefined) === (name === undefined)) {
    throw new UsageError('Name the key by exactly one of --key ID and --name NAME.')
  }
  if (name !== undefined) return { projectId, by: { name } }
  const id = key ?? ''
  const kind = parseId(id)?.kind
  if (kind !== 'userKey' && kind !== 'serviceKey' && kind !== 'redactedKey') {
    throw new UsageError(`--key needs the ID of a key (ukey_…, skey_… or rkey_…), which "${id}" is not.`)
  }
  return { projectId, by: { id } }
}

/** The error where a project has no such key. */
export function noSuchKey({ projectId, by }: OperatorKeyWanted): CommandError {
  const key = 'id' in by ? `the ID ${by.id}` : `the name "${by.name}"`
  return new CommandError(
    `The project "${projectId}" has no key with ${key}. Projects and names are case-sensitive.`,
  )
}
