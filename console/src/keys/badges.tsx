import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import { Badge, type Tone } from '../design/notice.tsx'
import { useValueText } from '../texts/values.ts'

const keyTones: Readonly<Record<EnumOf<'KeyStatus'>, Tone>> = {
  PRE_ACTIVATION: 'waiting',
  ACTIVE: 'good',
  DEACTIVATED: 'quiet',
}

const versionTones: Readonly<Record<EnumOf<'KeyVersionStatus'>, Tone>> = {
  ACTIVE: 'good',
  DEACTIVATED: 'quiet',
  DESTROY_SCHEDULED: 'bad',
  DESTROYED: 'quiet',
}

/** The status of a key. */
export function KeyStatusBadge({ status }: { readonly status: EnumOf<'KeyStatus'> }) {
  const valueText = useValueText()
  return <Badge tone={keyTones[status]}>{valueText('KeyStatus', status)}</Badge>
}

/** The status of a version. */
export function VersionStatusBadge({ status }: { readonly status: EnumOf<'KeyVersionStatus'> }) {
  const valueText = useValueText()
  return <Badge tone={versionTones[status]}>{valueText('KeyVersionStatus', status)}</Badge>
}

/** Stands for what is hidden of a key to which the viewer has no access. */
export function NoAccess() {
  const t = useTranslations('noAccess')
  return (
    <span className="quiet" title={t('text')}>
      <Lock /> {t('label')}
    </span>
  )
}

/** Stands for one hidden value among others, where the row says already that there is no access. */
export function HiddenValue() {
  const t = useTranslations('noAccess')
  return (
    <span className="quiet" title={t('label')}>
      <Lock />
      <span className="visually-hidden">{t('label')}</span>
    </span>
  )
}

/** A lock, beside a text that says the same. */
export function Lock() {
  return (
    <svg className="lock" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="3" y="7" width="10" height="7" rx="1.5" />
      <path d="M5 7V5a3 3 0 0 1 6 0v2" />
    </svg>
  )
}

/** Automatic rotation with its cycle, or that it is not in use. */
export function RotationText(props: {
  readonly rotation: { readonly enabled: boolean; readonly cycleDays: number | null } | null
}) {
  const t = useTranslations('common')
  const { rotation } = props
  if (rotation === null) return null
  return rotation.enabled && rotation.cycleDays !== null
    ? t('days', { count: rotation.cycleDays })
    : t('notInUse')
}

/** Labels of a key. */
export function LabelList(props: {
  readonly labels: readonly { readonly name: string; readonly value: string }[]
}) {
  return (
    <span className="label-list">
      {props.labels.map(({ name, value }) => (
        <Badge key={name} tone="quiet">
          {value === '' ? name : `${name}: ${value}`}
        </Badge>
      ))}
    </span>
  )
}
