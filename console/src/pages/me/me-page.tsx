import { useFormatter, useNow, useTranslations } from 'use-intl'
import { useViewer, type Viewer } from '../../api/viewer.ts'
import { CopyText, Facts, Moment } from '../../design/facts.tsx'
import { Loading } from '../../design/loading.tsx'
import { Badge, Empty } from '../../design/notice.tsx'
import { Section } from '../../design/section.tsx'
import { inOrder, usePermissionText } from '../../keys/permissions.ts'
import { useRoleText } from '../../keys/roles.ts'
import { Page } from '../../shell/page.tsx'
import { useValueText } from '../../texts/values.ts'

/** Who the viewer is, and what it may do. */
export function MePage() {
  const t = useTranslations('me')
  const viewer = useViewer()
  return (
    <Page title={t('title')}>
      {viewer ? (
        <>
          <Identity viewer={viewer} />
          <div className="columns">
            <Permissions viewer={viewer} />
            <Roles viewer={viewer} />
          </div>
        </>
      ) : (
        <Loading />
      )}
    </Page>
  )
}

interface Part {
  readonly viewer: Viewer
}

function Identity({ viewer }: Part) {
  const t = useTranslations('me')
  const valueText = useValueText()
  const { subject, displayName, kind, projectId, groups, tokenExpiresAt } = viewer
  return (
    <Section title={t('who')}>
      <Facts
        facts={[
          [t('subject'), <CopyText key="subject" text={subject.id} what={t('subject')} />],
          displayName === null ? null : [t('displayName'), displayName],
          [t('kind'), valueText('SubjectKind', kind)],
          [t('project'), <code key="project">{projectId}</code>],
          [t('groups'), <Groups key="groups" groups={groups} />],
          [t('tokenExpiresAt'), <TokenEnd key="end" at={tokenExpiresAt} />],
        ]}
      />
    </Section>
  )
}

function Groups({ groups }: { readonly groups: readonly string[] }) {
  const t = useTranslations('me')
  if (groups.length === 0) return <span className="quiet">{t('noGroups')}</span>
  return (
    <span className="label-list">
      {groups.map((group) => (
        <Badge key={group} tone="quiet">
          {group}
        </Badge>
      ))}
    </span>
  )
}

function TokenEnd({ at }: { readonly at: string }) {
  const { relativeTime } = useFormatter()
  const now = useNow({ updateInterval: 60_000 })
  return (
    <>
      <Moment at={at} /> <span className="quiet">({relativeTime(new Date(at), now)})</span>
    </>
  )
}

/** What the roles allow with all keys. The access list of a key may allow less. */
function Permissions({ viewer }: Part) {
  const t = useTranslations('me')
  const valueText = useValueText()
  const permissionText = usePermissionText()
  return (
    <Section title={t('permissions')}>
      {viewer.permissions.length === 0 ? (
        <Empty>
          <p>{t(viewer.kind === 'SERVICE_AGENT' ? 'noneOfService' : 'none')}</p>
        </Empty>
      ) : (
        <>
          <p>{t('permissionsText')}</p>
          <dl className="definitions">
            {inOrder(viewer.permissions).map((permission) => (
              <div key={permission}>
                <dt>{valueText('KeyPermission', permission)}</dt>
                <dd>{permissionText(permission)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </Section>
  )
}

function Roles({ viewer }: Part) {
  const t = useTranslations('me')
  const valueText = useValueText()
  const roleText = useRoleText()
  const { roles, boundRoles } = viewer
  return (
    <Section title={t('roles')}>
      {roles.length === 0 ? (
        <p className="quiet">{t('noRoles')}</p>
      ) : (
        <dl className="definitions">
          {roles.map((role) => (
            <div key={role}>
              <dt>
                {valueText('Role', role)}{' '}
                <Badge tone="quiet">{t(boundRoles.includes(role) ? 'bound' : 'ofToken')}</Badge>
              </dt>
              <dd>{roleText(role)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Section>
  )
}
