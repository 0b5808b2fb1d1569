import { Toast } from '@base-ui/react/toast'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'

/** Shows what was done, for a few seconds, and reads it out. */
export function Toasts({ children }: { readonly children: ReactNode }) {
  return (
    <Toast.Provider>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

/** Says that something was done, as `toast('Key created')`. */
export function useToast(): (message: string) => void {
  const { add } = Toast.useToastManager()
  return (message) => void add({ title: message })
}

function ToastList() {
  const t = useTranslations('common')
  const { toasts } = Toast.useToastManager()
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <Toast.Content className="toast-content">
        <Toast.Title render={<p />} />
        <Toast.Close className="button icon" aria-label={t('close')}>
          ×
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}
