import type { ListedUserKey } from '../../packages/client/src/index.ts'
import { UsageError } from '../command-line/command.ts'
import type { Column } from './shown-text.ts'

/** The columns of a list of keys; those at the end are the first to be left out. */
export const keyColumns: readonly Column[] = [
  { title: 'NAME', widthMin: 16 },
  { title: 'STATUS', widthMin: 14 },
  { title: 'ALGORITHM', widthMin: 12 },
  { title: 'VERSION', widthMin: 7 },
  { title: 'NEXT ROTATION', widthMin: 13 },
  { title: 'CREATED', widthMin: 10 },
  { title: 'ID', widthMin: 31 },
]

/** A key in a list. A key that is redacted shows what everybody sees, and that there is no access. */
export function keyRow(key: ListedUserKey): readonly string[] {
  const { name, createdAt, viewerCanAccess } = key
  if (!viewerCanAccess) return [name, 'no access', '–', '–', '–', dayOf(createdAt), key.partialId]
  return [
    name,
    key.status ?? '–',
    key.algorithm ?? '–',
    String(key.defaultVersion?.number ?? '–'),
    key.nextRotationAt === null ? '–' : dayOf(key.nextRotationAt),
    dayOf(createdAt),
    key.id,
  ]
}

function dayOf(time: string): string {
  return time.slice(0, 10)
}

/** A key as --json prints it. What is hidden is null, as in the API; docs/command-line.md describes it. */
export function keyJson(key: ListedUserKey): object {
  return {
    id: key.id,
    name: key.name,
    description: key.description,
    viewerCanAccess: key.viewerCanAccess,
    status: key.status,
    type: key.type,
    usage: key.usage,
    algorithm: key.algorithm,
    origin: key.origin,
    defaultVersionNumber: key.defaultVersion?.number ?? null,
    canProtect: key.canProtect,
    automaticRotation: key.automaticRotation && {
      enabled: key.automaticRotation.enabled,
      cycleDays: key.automaticRotation.cycleDays,
    },
    nextRotationAt: key.nextRotationAt,
    lastRotatedAt: key.lastRotatedAt,
    labels: key.labels && Object.fromEntries(key.labels.map(({ name, value }) => [name, value])),
    aliases: key.aliases,
    accessControlEnabled: key.accessControlEnabled,
    owner: key.owner?.id ?? null,
    createdBy: key.createdBy.id,
    createdAt: key.createdAt,
    updatedAt: key.updatedAt,
    revision: key.revision,
  }
}

/** Facts of a key, for people. */
export function keyFacts(key: ListedUserKey): readonly (readonly [string, string | null])[] {
  const always = [
    ['Name', key.name],
    ['ID', key.viewerCanAccess ? key.id : `${key.partialId} (no access)`],
    ['Description', key.description || null],
    ['Access control', key.accessControlEnabled ? 'on' : 'off'],
    ['Created', `${key.createdAt} by ${key.createdBy.id}`],
  ] as const
  if (!key.viewerCanAccess) return always
  const { automaticRotation } = key
  const cycle = automaticRotation?.enabled === true ? `every ${automaticRotation.cycleDays} days` : 'off'
  return [
    ...always,
    ['Owner', key.owner?.id ?? null],
    [
      'Status',
      key.canProtect ? key.status : `${key.status} (protects no new data: ${key.cannotProtectReason})`,
    ],
    ['Algorithm', `${key.algorithm} (${key.usage})`],
    ['Origin', key.origin],
    ['Automatic rotation', cycle],
    ['Next rotation', key.nextRotationAt],
    ['Last rotation', key.lastRotatedAt],
    ['Aliases', (key.aliases ?? []).join(', ') || null],
    ['Labels', (key.labels ?? []).map(({ name, value }) => `${name}=${value}`).join(', ') || null],
    ['You may', (key.viewerPermissions ?? []).join(', ') || null],
  ]
}

/**
 * Reads NAME=VALUE pairs.
 *
 * @throws UsageError if one has no "=", or a name comes twice
 */
export function pairsOf(option: string, texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = texts.map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`--${option} must be NAME=VALUE, got ${JSON.stringify(text)}.`)
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
  const twice = pairs.find(([name], index) => pairs.findIndex(([other]) => other === name) !== index)
  if (twice !== undefined) throw new UsageError(`--${option} names ${JSON.stringify(twice[0])} twice.`)
  return Object.fromEntries(pairs)
}

/**
 * Reads a whole number.
 *
 * @throws UsageError
 */
export function numberOf(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const number = Number(text)
  if (/^\d{1,9}$/.test(text) && number >= min && number <= max) return number
  throw new UsageError(
    `--${option} must be a whole number from ${min} to ${max}, got ${JSON.stringify(text)}.`,
  )
}
