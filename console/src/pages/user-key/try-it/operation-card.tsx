import { type ReactNode, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import type { UserError } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { DownloadButton } from '../../../design/download.tsx'
import { CodeBlock } from '../../../design/facts.tsx'
import { TextField } from '../../../design/fields.tsx'
import { Form } from '../../../design/form.tsx'
import { Notice } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import { fromBase64, readText, toHex } from './bytes.ts'

/** One operation: what it takes, a button, and what comes out. With `isHandedOver`, it takes the focus. */
export function OperationCard(props: {
  readonly title: string
  readonly text: string
  readonly run: string
  readonly onRun: () => void
  readonly busy: boolean
  readonly refusal: UserError | null
  readonly isHandedOver?: boolean
  readonly children: ReactNode
  readonly result: ReactNode
}) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (props.isHandedOver) button.current?.focus()
  }, [props.isHandedOver])
  return (
    <Section title={props.title}>
      <p className="quiet">{props.text}</p>
      <Form
        label={props.title}
        refusal={props.refusal}
        onSubmit={props.onRun}
        buttons={
          <Button type="submit" kind="primary" busy={props.busy} ref={button}>
            {props.run}
          </Button>
        }
      >
        {props.children}
      </Form>
      <div className="result" aria-live="polite">
        {props.result}
      </div>
    </Section>
  )
}

/** Bytes that came out. `asText` shows the text that they are, and Base64 below; otherwise Base64 alone. */
export function ResultBytes(props: {
  readonly label: string
  readonly base64: string
  readonly fileName: string
  readonly asText?: boolean
}) {
  const { label, base64, fileName, asText = false } = props
  const t = useTranslations('tryIt')
  const bytes = fromBase64(base64)
  const text = asText ? readText(bytes) : null
  return (
    <div className="result-bytes">
      <h3>
        {label} <span className="quiet">{t('bytes', { count: bytes.length })}</span>
      </h3>
      {text !== null && <CodeBlock text={text} what={t('asText', { what: label })} />}
      {asText && text === null && (
        <>
          <p className="quiet">{t('notText')}</p>
          <CodeBlock text={toHex(bytes)} what={t('asHex', { what: label })} />
        </>
      )}
      {asText && <p className="quiet">{t('base64')}</p>}
      <CodeBlock text={base64} what={t('asBase64', { what: label })} />
      <div className="buttons">
        <DownloadButton text={bytes} fileName={fileName} mediaType="application/octet-stream" what={label} />
      </div>
    </div>
  )
}

/** Whether a signature or code fits. */
export function Validity({ valid }: { readonly valid: boolean }) {
  const t = useTranslations('tryIt')
  return <Notice tone={valid ? 'good' : 'bad'}>{t(valid ? 'valid' : 'invalid')}</Notice>
}

/** Which version an operation needs. */
export function VersionField(props: {
  readonly hint: string
  readonly value: string
  readonly onChange: (value: string) => void
}) {
  const t = useTranslations('tryIt')
  return <TextField name="version" label={t('version')} type="number" min={1} step={1} required {...props} />
}

/** A secret that somebody else has, too. */
export function SharedSecret(props: { readonly base64: string; readonly keyName: string }) {
  const t = useTranslations('tryIt')
  const { base64, keyName } = props
  return <ResultBytes label={t('sharedSecret')} base64={base64} fileName={`${keyName}-shared-secret.bin`} />
}
