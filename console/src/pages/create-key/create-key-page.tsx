import { useQuery } from 'urql'
import { useTranslations } from 'use-intl'
import { useViewer } from '../../api/viewer.ts'
import { useAddress } from '../../design/address.ts'
import { Loading } from '../../design/loading.tsx'
import { NoPermission } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'
import { CreatedKey } from './created-key.tsx'
import { keyAlgorithmsQuery } from './key-algorithms.ts'
import { CreateKeyWizard } from './wizard.tsx'
import './create-key.css'

/** Creates a user key, step by step, and shows how to use it. */
export function CreateKeyPage() {
  const t = useTranslations('createKey')
  const address = useAddress()
  const viewer = useViewer()
  const created = address.get('step') === 'done' ? address.get('key') : null
  const [{ data }] = useQuery({ query: keyAlgorithmsQuery, pause: created !== null })
  if (created !== null) return <CreatedKey id={created} />
  if (viewer !== null && !viewer.permissions.includes('CREATE')) return <NoPermission />
  if (viewer === null || !data?.keyAlgorithms) {
    return (
      <Page title={t('title')}>
        <Loading />
      </Page>
    )
  }
  return <CreateKeyWizard offered={data.keyAlgorithms} owner={viewer.subject.id} />
}
