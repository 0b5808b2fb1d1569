import { exitCodes } from '../../command-line/command.ts'
import { keyIdOf } from '../../ids.ts'
import { readKeyAsOperator } from '../../keys/changing/operator.ts'
import type { AccessEntry } from '../../keys/rules/access.ts'
import { entriesOf } from '../../keys/rules/access-list.ts'
import { settle } from '../../keys/rules/lifecycle.ts'
import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import { defineOperatorCommand } from '../command.ts'
import { keyOptions, keyWanted, noSuchKey } from './key-options.ts'

/** `keystead key show`. */
export const showKey = defineOperatorCommand({
  path: ['key', 'show'],
  summary: 'Shows one key: owner, access list, state, versions.',
  help: `
Shows the key regardless of its access list, without its material. Nothing is changed.

Example:
  keystead key show --project shop --name orders`,
  options: keyOptions,
  async run({ options, parts, print }) {
    const wanted = keyWanted(options)
    const key = await readKeyAsOperator(parts, wanted)
    if (key === null) throw noSuchKey(wanted)
    for (const [label, value] of factsOf(key)) await print(`${label.padEnd(16)}  ${value}`)
    const now = parts.clock.certainNow()
    for (const version of key.versions) await print(versionLine(version, now))
    return exitCodes.fine
  },
})

function factsOf({ row, versions }: WholeKey): [label: string, value: string][] {
  const entries = entriesOf(row)
  return [
    ['Name', row.name],
    ['ID', keyIdOf(row)],
    ['Project', row.projectId],
    ['Description', row.description],
    ['Algorithm', row.algorithm],
    ['State', row.status],
    ['Owner', row.owner ?? (row.serviceName === null ? 'nobody' : `the service ${row.serviceName}`)],
    ['Created', `${row.createdAt.toISOString()} by ${row.createdBy}`],
    ['Access control', row.accessControlEnabled ? 'on' : 'off'],
    ['Access list', entries.length === 0 ? 'nobody' : entries.map(textOfEntry).join(', ')],
    ['Rotation', row.rotationEnabled ? `every ${row.rotationCycleDays} days` : 'by hand'],
    ['Revision', String(row.revision)],
    ['Versions', String(versions.length)],
  ]
}

function textOfEntry({ subject, permissions, context, expiresAt, note }: AccessEntry): string {
  const pairs = context?.map(({ name, value }) => `${name}=${JSON.stringify(value)}`)
  const conditions = [
    permissions && `only ${permissions.join(', ')}`,
    pairs && `with context ${pairs.join(', ')}`,
    expiresAt && `until ${expiresAt.toISOString()}`,
    note !== '' && `note ${JSON.stringify(note)}`,
  ].filter((text) => typeof text === 'string')
  return conditions.length === 0 ? subject : `${subject} (${conditions.join('; ')})`
}

function versionLine(version: KeyVersionRow, now: Date): string {
  const { number, status, createdAt, destroyScheduledFor } = settle(version, now)
  const until =
    destroyScheduledFor === null ? '' : `, to be destroyed at ${destroyScheduledFor.toISOString()}`
  return `  ${number}  ${status}, created ${createdAt.toISOString()}${until}`
}
