import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { graphql } from '../api/graphql.ts'
import { usePageQuery } from '../api/live.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Loading } from '../design/loading.tsx'
import { PublicKeyInfo, publicKeyFields } from './public-key-info.tsx'

const publicKeyOfKeyQuery = graphql(
  `
    query PublicKeyOfKey($id: KeyRef!) {
      userKey(key: $id) {
        id
        defaultVersion {
          id
          number
          publicKey {
            ...PublicKeyFields
          }
        }
      }
    }
  `,
  [publicKeyFields],
)

/** The public key of the default version of a key, in a window over the page. Only for asymmetric keys. */
export function PublicKeyDialog(props: {
  readonly userKey: { readonly id: string; readonly name: string }
  readonly open: boolean
  readonly onClose: () => void
}) {
  const { userKey, open, onClose } = props
  const t = useTranslations('publicKey')
  const common = useTranslations('common')
  const [{ data }] = usePageQuery({
    query: publicKeyOfKeyQuery,
    variables: { id: userKey.id },
    pause: !open,
  })
  const version = data?.userKey?.defaultVersion
  return (
    <Dialog open={open} onClose={onClose} title={t('title', { name: userKey.name })}>
      {data === undefined && <Loading />}
      {data !== undefined && !version?.publicKey && <p>{t('missing')}</p>}
      {version?.publicKey && (
        <>
          <p className="quiet">{common('version', { number: version.number })}</p>
          <PublicKeyInfo
            publicKey={version.publicKey}
            keyName={userKey.name}
            versionNumber={version.number}
          />
        </>
      )}
      <Link href={`/user-keys/${userKey.id}/public-keys`}>{t('allVersions')}</Link>
    </Dialog>
  )
}
