import { Menu } from '@base-ui/react/menu'
import { useTranslations } from 'use-intl'

/**
 * Several of a few values: a button that says which, and opens a list to tick. None chosen stands for all. With `single`,
 * at most one can be chosen.
 */
export function Choices<Value extends string>(props: {
  readonly label: string
  readonly groups: readonly {
    readonly title?: string
    readonly options: readonly { readonly value: Value; readonly label: string }[]
  }[]
  readonly chosen: readonly Value[]
  readonly onChange: (chosen: readonly Value[]) => void
  readonly single?: boolean
}) {
  const t = useTranslations('common')
  const { label, groups, chosen, onChange, single = false } = props
  const [only, ...others] = chosen
  const nameOf = (value: Value) =>
    groups.flatMap(({ options }) => options).find((option) => option.value === value)?.label ?? value
  const summary =
    only === undefined ? t('all') : others.length === 0 ? nameOf(only) : t('chosen', { count: chosen.length })
  const toggle = (value: Value, isChosen: boolean) =>
    onChange([...(single ? [] : chosen.filter((each) => each !== value)), ...(isChosen ? [value] : [])])
  return (
    <div className="field">
      <span className="field-label" aria-hidden="true">
        {label}
      </span>
      <Menu.Root>
        <Menu.Trigger className="button plain choices" aria-label={`${label}: ${summary}`}>
          <span>{summary}</span>
          <span aria-hidden="true">▾</span>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner sideOffset={4} align="start" className="above">
            <Menu.Popup className="menu">
              {groups.map(({ title = '', options }) => (
                <Menu.Group key={title}>
                  {title !== '' && <Menu.GroupLabel className="menu-title">{title}</Menu.GroupLabel>}
                  {options.map((option) => (
                    <Menu.CheckboxItem
                      key={option.value}
                      className="menu-item tick"
                      checked={chosen.includes(option.value)}
                      closeOnClick={single}
                      onCheckedChange={(isChosen) => toggle(option.value, isChosen)}
                    >
                      <Menu.CheckboxItemIndicator keepMounted className="tick-mark">
                        ✓
                      </Menu.CheckboxItemIndicator>
                      {option.label}
                    </Menu.CheckboxItem>
                  ))}
                </Menu.Group>
              ))}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </div>
  )
}
