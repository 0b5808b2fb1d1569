import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { type UserError, userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { TextArea } from '../../../design/fields.tsx'
import { FileButton } from '../../../design/file-button.tsx'
import { Form } from '../../../design/form.tsx'
import { Section } from '../../../design/section.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { asShown, type DetailKey } from '../detail-key.ts'
import { useFaultText } from './fault-text.ts'
import type { ImportParameters } from './parameters.ts'

const importKeyVersion = graphql(
  `
    mutation ImportKeyVersion($input: ImportKeyVersionInput!) {
      importKeyVersion(input: $input) {
        ... on ImportKeyVersionPayload {
          userKey {
            id
          }
          version {
            id
            number
          }
        }
        ... on InvalidImportParametersError {
          importParametersFault
        }
        ... on InvalidKeyMaterialError {
          keyMaterialFault
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** The third step: what the commands made goes to the server, and is a new version. */
export function WrappedStep(props: {
  readonly userKey: DetailKey
  readonly parameters: ImportParameters
  readonly onDone: () => void
}) {
  const t = useTranslations('import')
  const toast = useToast()
  const faultText = useFaultText()
  const [text, setText] = useState('')
  const { run, isRunning, refusal, reset } = useChange(importKeyVersion)
  const { userKey, parameters, onDone } = props

  async function send() {
    const wrappedMaterial = text.replaceAll(/\s/g, '')
    const result = await run({ ...asShown(userKey), importParametersId: parameters.id, wrappedMaterial })
    if (result === null) return
    toast(t('done', { number: result.version.number }))
    onDone()
  }

  return (
    <Section title={t('third')}>
      <p>{t('thirdText')}</p>
      <Form
        refusal={refusal && atField(refusal, faultText(refusal))}
        onSubmit={() => void send()}
        buttons={
          <Button type="submit" kind="primary" busy={isRunning}>
            {t('send')}
          </Button>
        }
      >
        <div className="buttons">
          <FileButton
            label={t('file')}
            onChoice={async (file) => {
              reset()
              setText(await base64In(file))
            }}
          />
        </div>
        <TextArea
          name="wrappedMaterial"
          label={t('wrapped')}
          hint={t('wrappedHint')}
          value={text}
          required
          onChange={setText}
        />
      </Form>
    </Section>
  )
}

/** A refusal that is about the wrapped material, with words that say what to do. */
const atField = (refusal: UserError, message: string | null): UserError =>
  message === null ? refusal : { ...refusal, message, issues: [{ path: ['wrappedMaterial'], message }] }

/** The content of a file in Base64: as it is, if it is that already. */
async function base64In(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const text = new TextDecoder('latin1').decode(bytes).trim()
  return /^[A-Za-z0-9+/\s]+={0,2}$/.test(text)
    ? text
    : btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(''))
}
