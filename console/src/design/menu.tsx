import { Menu as BaseMenu } from '@base-ui/react/menu'
import type { ReactNode } from 'react'

/** Something that a menu offers. */
export interface MenuAction {
  readonly label: string
  readonly onSelect: () => void
  readonly danger?: boolean
  readonly disabled?: boolean
}

/** A button that opens a list of actions. */
export function ActionMenu(props: {
  /** What a screen reader says of the button. */
  readonly label: string
  readonly children?: ReactNode
  readonly actions: readonly MenuAction[]
  readonly onOpen?: () => void
}) {
  return (
    <BaseMenu.Root onOpenChange={(isOpen) => isOpen && props.onOpen?.()}>
      <BaseMenu.Trigger className={props.children ? 'button plain' : 'button icon'} aria-label={props.label}>
        {props.children ?? '⋯'}
      </BaseMenu.Trigger>
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={4} align="end" className="above">
          <BaseMenu.Popup className="menu">
            {props.actions.map(({ label, onSelect, danger = false, disabled = false }) => (
              <BaseMenu.Item
                key={label}
                className={danger ? 'menu-item danger' : 'menu-item'}
                disabled={disabled}
                onClick={onSelect}
              >
                {label}
              </BaseMenu.Item>
            ))}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  )
}
