import { useTranslations } from 'use-intl'
import { Empty } from '../../../design/notice.tsx'
import type { DetailKey } from '../detail-key.ts'
import { MaterialStep } from './material-step.tsx'
import { useImportParameters } from './parameters.ts'
import { WrappedStep } from './wrapped-step.tsx'
import { WrappingKeyStep } from './wrapping-key-step.tsx'

/** Brings material that was made elsewhere into a key: a wrapping key, the commands that wrap, and what came out. */
export function ImportTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('import')
  const [parameters, setParameters] = useImportParameters(userKey.id)
  if (!userKey.viewerPermissions?.includes('MANAGE')) {
    return (
      <Empty>
        <p>{t('noPermission')}</p>
      </Empty>
    )
  }
  return (
    <>
      <WrappingKeyStep userKey={userKey} parameters={parameters} onChange={setParameters} />
      {parameters && (
        <>
          <MaterialStep userKey={userKey} parameters={parameters} />
          <WrappedStep userKey={userKey} parameters={parameters} onDone={() => setParameters(null)} />
        </>
      )}
    </>
  )
}
