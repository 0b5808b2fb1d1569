import type { EnumOf } from '../../../api/graphql.ts'
import type { Address, AddressChanges } from '../../../design/address.ts'
import { firstPage } from '../../../design/pager.tsx'
import { keyAlgorithms } from '../../../keys/algorithms.ts'
import { valuesOf } from '../../../texts/values.ts'

/** A label to look for: any value without one. */
export interface LabelCondition {
  readonly name: string
  readonly value: string
}

/** What the list is narrowed to. An empty text or list narrows nothing; days are dates such as `2026-11-30`. */
export interface ListFilter {
  readonly search: string
  readonly status: readonly EnumOf<'KeyStatus'>[]
  readonly type: readonly EnumOf<'KeyType'>[]
  readonly usage: readonly EnumOf<'KeyUsage'>[]
  readonly algorithm: readonly EnumOf<'KeyAlgorithm'>[]
  readonly origin: readonly EnumOf<'KeyOrigin'>[]
  readonly version: readonly EnumOf<'KeyVersionStatus'>[]
  readonly access: OnOff
  readonly rotation: OnOff
  readonly neverUsed: YesNo
  readonly canProtect: YesNo
  readonly nearLimit: YesNo
  readonly owner: string
  readonly createdBy: string
  readonly label: readonly LabelCondition[]
  readonly createdFrom: string
  readonly createdUntil: string
  readonly unusedSince: string
  readonly rotationUntil: string
  readonly destructionUntil: string
}

/** On, off, or either. */
export type OnOff = 'on' | 'off' | ''

/** True, false, or either. */
export type YesNo = 'yes' | 'no' | ''

/** All keys. */
export const noFilter: ListFilter = {
  search: '',
  status: [],
  type: [],
  usage: [],
  algorithm: [],
  origin: [],
  version: [],
  access: '',
  rotation: '',
  neverUsed: '',
  canProtect: '',
  nearLimit: '',
  owner: '',
  createdBy: '',
  label: [],
  createdFrom: '',
  createdUntil: '',
  unusedSince: '',
  rotationUntil: '',
  destructionUntil: '',
}

/** True if the server reads this as a subject. */
export const isSubject = (text: string): boolean =>
  /^(user|group|service-account|system):\S(.{0,254}\S)?$/u.test(text) ||
  /^service-agent:[A-Za-z]([A-Za-z0-9 -]{0,62}[A-Za-z0-9])?$/.test(text)

/** The filter that the address asks for. What it does not understand, it leaves out. */
export function readFilter({ get, getAll }: Address): ListFilter {
  const among = <Value extends string>(name: string, values: readonly Value[]): readonly Value[] =>
    values.filter((value) => getAll(name).includes(value))
  const matching = (name: string, pattern: RegExp) => {
    const value = get(name) ?? ''
    return pattern.test(value) ? value : ''
  }
  const day = (name: string) => {
    const value = matching(name, /^\d{4}-\d\d-\d\d$/)
    return Number.isNaN(Date.parse(value)) ? '' : value
  }
  const yesNo = (name: string) => matching(name, /^(yes|no)$/) as YesNo
  const subject = (name: string) => [get(name) ?? ''].find(isSubject) ?? ''
  return {
    search: (get('search') ?? '').slice(0, 256),
    status: among('status', valuesOf('KeyStatus')),
    type: among('type', valuesOf('KeyType')).slice(0, 1),
    usage: among('usage', valuesOf('KeyUsage')).slice(0, 1),
    algorithm: among('algorithm', keyAlgorithms),
    origin: among('origin', valuesOf('KeyOrigin')).slice(0, 1),
    version: among('version', valuesOf('KeyVersionStatus')),
    access: matching('access', /^(on|off)$/) as OnOff,
    rotation: matching('rotation', /^(on|off)$/) as OnOff,
    neverUsed: yesNo('neverUsed'),
    canProtect: yesNo('canProtect'),
    nearLimit: yesNo('nearLimit'),
    owner: subject('owner'),
    createdBy: subject('createdBy'),
    label: getAll('label').flatMap(readLabel).slice(0, 10),
    createdFrom: day('createdFrom'),
    createdUntil: day('createdUntil'),
    unusedSince: day('unusedSince'),
    rotationUntil: day('rotationUntil'),
    destructionUntil: day('destructionUntil'),
  }
}

/** Changes of the address that narrow the list otherwise, from its first page on. */
export function addressOf(changes: Partial<ListFilter>): AddressChanges {
  const { label, ...others } = changes
  return { ...others, ...(label && { label: label.map(writeLabel) }), ...firstPage }
}

/** The filter as the API takes it. */
export function filterInput(filter: ListFilter) {
  const { search, status, type, usage, algorithm, origin, version, owner, createdBy, label } = filter
  const { neverUsed, canProtect, nearLimit } = filter
  const { access, rotation, createdFrom, createdUntil, unusedSince, rotationUntil, destructionUntil } = filter
  return {
    ...(search !== '' && { search }),
    ...(status.length > 0 && { status: [...status] }),
    ...(type[0] && { type: type[0] }),
    ...(usage[0] && { usage: usage[0] }),
    ...(algorithm.length > 0 && { algorithm: [...algorithm] }),
    ...(origin[0] && { origin: origin[0] }),
    ...(version.length > 0 && { versionStatus: [...version] }),
    ...(access !== '' && { accessControlEnabled: access === 'on' }),
    ...(rotation !== '' && { automaticRotationEnabled: rotation === 'on' }),
    ...(neverUsed !== '' && { neverUsed: neverUsed === 'yes' }),
    ...(canProtect !== '' && { canProtect: canProtect === 'yes' }),
    ...(nearLimit !== '' && { nearEncryptionLimit: nearLimit === 'yes' }),
    ...(owner !== '' && { owner }),
    ...(createdBy !== '' && { createdBy }),
    ...(label.length > 0 && { labels: label.map(({ name, value }) => (value ? { name, value } : { name })) }),
    ...(createdFrom !== '' && { createdAfter: startOf(createdFrom, { ms: -1 }) }),
    ...(createdUntil !== '' && { createdBefore: startOf(createdUntil, { days: 1 }) }),
    ...(unusedSince !== '' && { unusedSince: startOf(unusedSince) }),
    ...(rotationUntil !== '' && { nextRotationBefore: startOf(rotationUntil, { days: 1 }) }),
    ...(destructionUntil !== '' && { destructionScheduledBefore: startOf(destructionUntil, { days: 1 }) }),
  }
}

/** The start of a day in the viewer's zone, moved by some days and milliseconds. */
function startOf(day: string, { days = 0, ms = 0 } = {}): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + days, 0, 0, 0, ms).toISOString()
}

const writeLabel = ({ name, value }: LabelCondition) =>
  [name, ...(value === '' ? [] : [value])].map(encodeURIComponent).join('=')

function readLabel(text: string): LabelCondition[] {
  try {
    const [name = '', value = ''] = text.split('=').map(decodeURIComponent)
    return name === '' ? [] : [{ name, value }]
  } catch {
    return []
  }
}
