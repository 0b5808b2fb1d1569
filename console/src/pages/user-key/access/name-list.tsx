import { useTranslations } from 'use-intl'

const shownMax = 8

/** Names that a sentence is about; the first of them where there are many. */
export function NameList({ names }: { readonly names: readonly string[] }) {
  const t = useTranslations('access')
  const distinct = [...new Set(names)]
  return (
    <ul>
      {distinct.slice(0, shownMax).map((name) => (
        <li key={name}>
          <code>{name}</code>
        </li>
      ))}
      {distinct.length > shownMax && <li>{t('others', { count: distinct.length - shownMax })}</li>}
    </ul>
  )
}
