import { useEffect, useRef, useState } from 'react'
import { type CombinedError, useClient, useQuery } from 'urql'
import { useFormatter, useTranslations } from 'use-intl'
import { graphql } from '../../api/graphql.ts'
import { Button } from '../../design/button.tsx'
import { Dialog } from '../../design/dialog.tsx'
import { saveFile } from '../../design/download.tsx'
import { Notice } from '../../design/notice.tsx'
import { useToast } from '../../design/toasts.tsx'
import { exportLimit, readEvents } from './export-events.ts'
import type { ActivityFilter } from './filter.ts'

const activityCountQuery = graphql(`
  query ActivityCount($filter: AuditEventFilter) {
    auditEvents(filter: $filter, first: 0) {
      totalCount
    }
  }
`)

/** Saves what the filter finds as a CSV file. */
export function ExportButton({ filter }: { readonly filter: ActivityFilter }) {
  const t = useTranslations('activity')
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('export')}</Button>
      <Dialog open={isOpen} onClose={() => setOpen(false)} title={t('exportTitle')}>
        <ExportForm filter={filter} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

/** Lives as long as the dialog is open: closing it cancels. */
function ExportForm({ filter, onClose }: { readonly filter: ActivityFilter; readonly onClose: () => void }) {
  const t = useTranslations('activity')
  const common = useTranslations('common')
  const { number } = useFormatter()
  const toast = useToast()
  const client = useClient()
  const [{ data }] = useQuery({
    query: activityCountQuery,
    variables: { filter },
    requestPolicy: 'network-only',
  })
  const [read, setRead] = useState<number | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])

  const total = data?.auditEvents?.totalCount
  const wanted = Math.min(total ?? 0, exportLimit)
  async function run() {
    const controller = new AbortController()
    running.current = controller
    setProblem(null)
    setRead(0)
    try {
      const found = await readEvents(client, filter, { signal: controller.signal, onProgress: setRead })
      saveFile(asFile(found.parts), fileName(), 'text/csv;charset=utf-8')
      toast(t('exported', { count: found.events }))
      onClose()
    } catch (error) {
      if (controller.signal.aborted) return
      setRead(null)
      setProblem((error as CombinedError).message)
    }
  }

  return (
    <>
      {total !== undefined && (
        <p>
          {total > exportLimit
            ? t('exportSome', { total, limit: exportLimit })
            : t('exportAll', { count: total })}
        </p>
      )}
      <p className="quiet">{t('exportHint')}</p>
      {read !== null && (
        <div className="field">
          <progress aria-label={t('progress')} max={Math.max(1, wanted)} value={read} />
          <p className="quiet">{t('progressOf', { read: number(read), total: number(wanted) })}</p>
        </div>
      )}
      {problem !== null && <Notice tone="bad">{t('exportFailed', { problem })}</Notice>}
      <div className="buttons">
        <Button onClick={onClose}>{common('cancel')}</Button>
        <Button kind="primary" busy={read !== null} disabled={wanted === 0} onClick={() => void run()}>
          {t('export')}
        </Button>
      </div>
    </>
  )
}

/** The mark at the beginning tells spreadsheets that it is UTF-8. */
const asFile = (parts: readonly string[]) => `\ufeff${parts.join('')}`

const fileName = () => `keystead-activity-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}Z.csv`
