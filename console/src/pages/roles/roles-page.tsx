import { useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { isInvalidInput } from '../../api/client.ts'
import { usePageQuery } from '../../api/live.tsx'
import { useViewer } from '../../api/viewer.ts'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { Loading } from '../../design/loading.tsx'
import { Empty, Notice } from '../../design/notice.tsx'
import { Pager, pageArguments } from '../../design/pager.tsx'
import { roles } from '../../keys/roles.ts'
import { NoPermission } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'
import { BindDialog } from './bind-dialog.tsx'
import { type RoleBinding, roleBindingsQuery } from './role-bindings.ts'
import { RoleFilters } from './role-filters.tsx'
import { RoleTable } from './role-table.tsx'
import { UnbindDialog } from './unbind-dialog.tsx'

const pageSize = 50

/** Which roles subjects have in the project beside those of their tokens. */
export function RolesPage() {
  const t = useTranslations('roles')
  const viewer = useViewer()
  if (viewer === null) {
    return (
      <Page title={t('title')}>
        <Loading />
      </Page>
    )
  }
  return viewer.permissions.includes('MANAGE_ROLES') ? <Bindings /> : <NoPermission />
}

/** What the user is doing: one of the dialogs. */
type Doing = { readonly what: 'bind' } | { readonly what: 'change' | 'unbind'; readonly binding: RoleBinding }

function Bindings() {
  const t = useTranslations('roles')
  const address = useAddress()
  const [doing, setDoing] = useState<Doing | null>(null)
  const subject = address.get('subject')
  const wanted = address.getAll('role').flatMap((name) => roles.find((role) => role === name) ?? [])
  const text = JSON.stringify({
    ...pageArguments(address, pageSize),
    filter: { ...(subject && { subject }), ...(wanted.length > 0 && { role: wanted }) },
  })
  const variables = useMemo(() => JSON.parse(text) as Record<string, never>, [text])
  const [{ data, fetching, error }] = usePageQuery({
    query: roleBindingsQuery,
    variables,
    showsInvalidInput: true,
  })
  const issue = error && isInvalidInput(error) ? error.graphQLErrors[0]?.message : undefined
  const bindings = data?.roleBindings
  const isFiltered = subject !== null || wanted.length > 0
  const onClose = () => setDoing(null)
  return (
    <Page
      title={t('title')}
      actions={
        <Button kind="primary" onClick={() => setDoing({ what: 'bind' })}>
          {t('bind.action')}
        </Button>
      }
    >
      <p>{t('text')}</p>
      <RoleFilters />
      {issue !== undefined && <Notice tone="bad">{issue}</Notice>}
      {!bindings && fetching && <Loading />}
      {bindings && bindings.nodes.length === 0 && (
        <Empty>
          <p>{t(isFiltered ? 'noneFound' : 'empty')}</p>
        </Empty>
      )}
      {bindings && bindings.nodes.length > 0 && (
        <>
          <RoleTable
            bindings={bindings.nodes}
            onChange={(binding) => setDoing({ what: 'change', binding })}
            onUnbind={(binding) => setDoing({ what: 'unbind', binding })}
          />
          <Pager info={bindings.pageInfo} totalCount={bindings.totalCount} busy={fetching} />
        </>
      )}
      {doing?.what === 'bind' && <BindDialog onClose={onClose} />}
      {doing?.what === 'change' && <BindDialog binding={doing.binding} onClose={onClose} />}
      {doing?.what === 'unbind' && <UnbindDialog binding={doing.binding} onClose={onClose} />}
    </Page>
  )
}
