import { useTranslations } from 'use-intl'
import { useAddress } from '../../design/address.ts'
import { anew, periodIn, periodNames, periods } from './filter.ts'

const dayMs = 86_400_000

/** From when to when: a period up to now, or two moments of one's own. */
export function PeriodFields() {
  const t = useTranslations('activity')
  const address = useAddress()
  const period = periodIn(address)
  function choose(next: string) {
    const own = { from: new Date(Date.now() - dayMs).toISOString(), to: new Date().toISOString() }
    const bounds = next === 'own' ? own : { from: null, to: null }
    address.set({ ...anew, ...bounds, period: Object.hasOwn(periods, next) ? next : null })
  }
  return (
    <>
      <label className="field">
        <span className="field-label">{t('period')}</span>
        <select value={period} onChange={({ target }) => choose(target.value)}>
          {periodNames.map((each) => (
            <option key={each} value={each}>
              {t(`periods.${each}`)}
            </option>
          ))}
        </select>
      </label>
      {period === 'own' &&
        (['from', 'to'] as const).map((name) => (
          <label key={name} className="field">
            <span className="field-label">{t(name)}</span>
            {/* Counts when one leaves it: each digit of a year makes a date. */}
            <input
              key={address.get(name)}
              type="datetime-local"
              defaultValue={localTime(address.get(name))}
              onBlur={({ target }) => {
                if (target.value === localTime(address.get(name))) return
                address.set({ ...anew, [name]: moment(target.value) })
              }}
            />
          </label>
        ))}
    </>
  )
}

/** A moment as the control shows it: in the viewer's zone, to the minute. */
function localTime(text: string | null): string {
  const at = new Date(text ?? '')
  if (Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function moment(local: string): string | null {
  const at = new Date(local)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}
