import { useId, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { FieldFrame, TextArea } from '../../../design/fields.tsx'
import { type Bytes, isBase64Text, readText, tidyBase64, toBase64 } from './bytes.ts'

/** What is typed, or the file that was chosen in its place. */
export interface BytesDraft {
  readonly text: string
  readonly file: { readonly name: string; readonly bytes: Bytes } | null
}

/** Nothing yet. */
export const noBytes: BytesDraft = { text: '', file: null }

/** Bytes that an operation has answered, as Base64. */
export const givenBytes = (base64: string): BytesDraft => ({ text: base64, file: null })

/** What was typed as text, or the file, as the API takes it. */
export const textInput = ({ text, file }: BytesDraft): string =>
  toBase64(file?.bytes ?? new TextEncoder().encode(text))

/** What was typed as Base64 or PEM, or the file, which may be PEM, too, as the API takes it. */
export function base64Input({ text, file }: BytesDraft): string {
  const written = file ? readText(file.bytes) : text
  return file && !written?.startsWith('-----BEGIN') ? toBase64(file.bytes) : tidyBase64(written ?? '')
}

/** Bytes of an operation: typed, or from a small file. Nothing of it leaves the page but in the operation. */
export function BytesField(props: {
  readonly name: string
  readonly label: string
  /** Says what is taken, and how much. */
  readonly hint: (max: number) => string
  readonly draft: BytesDraft
  readonly onChange: (draft: BytesDraft) => void
  /** Most bytes of a file. */
  readonly max: number
  /** True where bytes are typed as Base64. */
  readonly isBase64?: boolean
}) {
  const { name, label, hint, draft, onChange, max, isBase64 = false } = props
  const t = useTranslations('tryIt')
  const { number } = useFormatter()
  const [tooLarge, setTooLarge] = useState<number | null>(null)
  const picker = useId()

  async function take(file: File | undefined) {
    if (file === undefined) return
    const isFit = file.size <= max
    setTooLarge(isFit ? null : file.size)
    if (isFit)
      onChange({ text: '', file: { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) } })
  }
  return (
    <div className="bytes-field">
      {draft.file === null ? (
        <TextArea
          name={name}
          label={label}
          hint={hint(max)}
          rows={3}
          autoComplete="off"
          validate={(text) => (isBase64 && !isBase64Text(text) ? t('notBase64') : null)}
          value={draft.text}
          onChange={(text) => onChange({ text, file: null })}
        />
      ) : (
        <FieldFrame name={name} label={label} hint={hint(max)}>
          <p className="chosen-file">
            {t('file', { name: draft.file.name, count: draft.file.bytes.length })}
            <Button onClick={() => onChange(noBytes)}>{t('removeFile')}</Button>
          </p>
        </FieldFrame>
      )}
      <p className="file-choice">
        <label className="button plain" htmlFor={picker}>
          {t('chooseFile')}
          <input
            id={picker}
            type="file"
            className="visually-hidden"
            aria-label={t('fileFor', { what: label })}
            onChange={({ target }) => {
              void take(target.files?.[0])
              // The same file can be chosen again after it was changed.
              target.value = ''
            }}
          />
        </label>
      </p>
      {tooLarge !== null && (
        <p className="field-error" role="alert">
          {t('tooLarge', { size: number(tooLarge), max: number(max) })}
        </p>
      )}
    </div>
  )
}
