import { useTranslations } from 'use-intl'
import type { EnumOf } from '../../../api/graphql.ts'
import { Empty, Notice } from '../../../design/notice.tsx'
import type { DetailKey } from '../detail-key.ts'
import { cardsFor } from './cards.tsx'
import './try-it.css'

/**
 * The operations of the key that the viewer may run, to learn what comes out. What is typed and what comes out stays in
 * memory, and goes when the tab is left.
 */
export function TryItTab({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('tryIt')
  const { id, name, type, usage, algorithm, defaultVersion, viewerPermissions } = userKey
  if (type === null || usage === null || algorithm === null) return null
  const tried = { id, name, type, usage, algorithm, versionNumber: defaultVersion?.number ?? 1 }
  const can = (permission: EnumOf<'KeyPermission'>) => viewerPermissions?.includes(permission) ?? false
  const Cards = cardsFor[usage]
  if (!operationsOf[usage].some(can)) {
    return (
      <Empty>
        <p>{t('nothing')}</p>
      </Empty>
    )
  }
  return (
    <>
      <Notice tone="quiet">{t('intro')}</Notice>
      <div className="columns">
        <Cards userKey={tried} can={can} />
      </div>
    </>
  )
}

const operationsOf: Readonly<Record<EnumOf<'KeyUsage'>, readonly EnumOf<'KeyPermission'>[]>> = {
  ENCRYPT_DECRYPT: ['ENCRYPT', 'DECRYPT'],
  SIGN_VERIFY: ['SIGN', 'VERIFY'],
  GENERATE_VERIFY_MAC: ['GENERATE_MAC', 'VERIFY_MAC'],
  KEY_ENCAPSULATION: ['ENCAPSULATE', 'DECAPSULATE'],
  KEY_AGREEMENT: ['DERIVE'],
}
