import { useTranslations } from 'use-intl'
import { useAddress } from '../../../design/address.ts'
import { hasHours, type Period, periodNames } from './period.ts'
import type { VersionInUse } from './use-query.ts'

/** Which period, in which steps, of which version, and in which parts: all in the address. */
export function UseFilter(props: {
  readonly period: Period
  readonly by: 'operation' | 'outcome'
  readonly version: number | null
  readonly versions: readonly VersionInUse[]
}) {
  const t = useTranslations('use')
  const common = useTranslations('common')
  const { set } = useAddress()
  const { name, interval } = props.period
  return (
    <div className="filters">
      <Choice
        label={t('period')}
        value={name}
        options={periodNames.map((each) => [each, t(`periods.${each}`)])}
        onChange={(period) => set({ period: period === 'month' ? null : period })}
      />
      <Choice
        label={t('interval')}
        value={interval}
        options={[
          ...(hasHours(name) ? [['HOUR', t('hourly')] as const] : []),
          ...(name === 'day' ? [] : [['DAY', t('daily')] as const]),
        ]}
        onChange={(next) => set({ interval: next === 'HOUR' ? 'hour' : null })}
      />
      <Choice
        label={t('by')}
        value={props.by}
        options={[
          ['operation', t('byOperation')],
          ['outcome', t('byOutcome')],
        ]}
        onChange={(by) => set({ by: by === 'outcome' ? by : null })}
      />
      {props.versions.length > 1 && (
        <Choice
          label={t('version')}
          value={props.version === null ? '' : String(props.version)}
          options={[
            ['', common('all')],
            ...props.versions.map(({ number }) => [String(number), common('version', { number })] as const),
          ]}
          onChange={(version) => set({ version })}
        />
      )}
    </div>
  )
}

function Choice(props: {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, label: string])[]
  readonly onChange: (value: string) => void
}) {
  return (
    <label className="field">
      <span className="field-label">{props.label}</span>
      <select value={props.value} onChange={({ target }) => props.onChange(target.value)}>
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
}
