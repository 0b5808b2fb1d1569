import { useTranslations } from 'use-intl'
import { Button } from './button.tsx'

/** Saves a text or bytes as a file. `what` says which, as "PEM of orders". */
export function DownloadButton(props: {
  readonly text: BlobPart
  readonly fileName: string
  readonly mediaType: string
  readonly what: string
}) {
  const { text, fileName, mediaType, what } = props
  const t = useTranslations('common')
  return <Button onClick={() => saveFile(text, fileName, mediaType)}>{t('download', { what })}</Button>
}

/** Saves a text or bytes as a file, as the browser does with downloads. */
export function saveFile(text: BlobPart, fileName: string, mediaType: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: mediaType }))
  const link = document.createElement('a')
  link.href = address
  link.download = fileName
  link.click()
  URL.revokeObjectURL(address)
}
