import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog as BaseDialog } from '@base-ui/react/dialog'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { UserError } from '../api/user-error.ts'
import { Button } from './button.tsx'
import { TextField } from './fields.tsx'
import { Form } from './form.tsx'

/** A window over the page. The focus stays in it, and returns to where it was; Escape closes it. */
export function Dialog(props: {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly children: ReactNode
}) {
  const t = useTranslations('common')
  return (
    <BaseDialog.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="backdrop" />
        <BaseDialog.Popup className="dialog">
          <header>
            <BaseDialog.Title>{props.title}</BaseDialog.Title>
            <BaseDialog.Close className="button icon" aria-label={t('close')}>
              ×
            </BaseDialog.Close>
          </header>
          {props.children}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  )
}

/**
 * Asks before something dangerous is done. The children say in words what will stop working. With `typeName`, the name
 * must be typed first. It stays open while the change runs, and shows why it was refused.
 */
export function ConfirmDialog(props: {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly children: ReactNode
  readonly confirm: string
  readonly onConfirm: (typedName: string) => void
  readonly busy: boolean
  readonly refusal: UserError | null
  readonly typeName?: string | undefined
  /** True while something in the children must be answered first. */
  readonly blocked?: boolean
}) {
  return (
    <AlertDialog.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <header>
            <AlertDialog.Title>{props.title}</AlertDialog.Title>
          </header>
          <ConfirmForm {...props} />
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

/** Lives as long as the dialog is open, so that a typed name is never kept. */
function ConfirmForm(props: Parameters<typeof ConfirmDialog>[0]) {
  const t = useTranslations('common')
  const [typed, setTyped] = useState('')
  const { typeName, blocked = false } = props
  return (
    <Form
      refusal={props.refusal}
      onSubmit={() => props.onConfirm(typed)}
      buttons={
        <>
          <AlertDialog.Close className="button plain">{t('cancel')}</AlertDialog.Close>
          <Button
            type="submit"
            kind="danger"
            busy={props.busy}
            disabled={blocked || (typeName !== undefined && typed !== typeName)}
          >
            {props.confirm}
          </Button>
        </>
      }
    >
      <AlertDialog.Description render={<div className="consequences" />}>
        {props.children}
      </AlertDialog.Description>
      {typeName !== undefined && (
        <TextField
          name="confirmName"
          label={t('typeName', { name: typeName })}
          value={typed}
          onChange={setTyped}
          spellCheck={false}
        />
      )}
    </Form>
  )
}

/** A window with a form, as long as it is shown. It stays open while the change runs, and shows why it was refused. */
export function FormDialog(props: {
  readonly onClose: () => void
  readonly title: string
  readonly children: ReactNode
  /** What the button says that sends the form, if not "Save". */
  readonly submit?: string
  readonly onSubmit: () => void
  readonly busy: boolean
  readonly refusal: UserError | null
}) {
  const t = useTranslations('common')
  return (
    <Dialog open onClose={props.onClose} title={props.title}>
      <Form
        refusal={props.refusal}
        onSubmit={props.onSubmit}
        buttons={
          <>
            <Button onClick={props.onClose}>{t('cancel')}</Button>
            <Button type="submit" kind="primary" busy={props.busy}>
              {props.submit ?? t('save')}
            </Button>
          </>
        }
      >
        {props.children}
      </Form>
    </Dialog>
  )
}
