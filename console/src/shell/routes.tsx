import { type ComponentType, lazy } from 'react'
import type { Messages } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'

/** A page of the console. */
interface PageRoute {
  readonly path: string
  readonly page: ComponentType
}

/** Which page is shown at which address. Each is loaded when it is opened. */
export const routes: readonly PageRoute[] = [
  { path: '/', page: pageFrom(() => import('../pages/dashboard/dashboard-page.tsx'), 'DashboardPage') },
  {
    path: '/user-keys',
    page: pageFrom(() => import('../pages/user-keys/user-keys-page.tsx'), 'UserKeysPage'),
  },
  {
    path: '/user-keys/new',
    page: pageFrom(() => import('../pages/create-key/create-key-page.tsx'), 'CreateKeyPage'),
  },
  {
    path: '/user-keys/:key/:tab?',
    page: pageFrom(() => import('../pages/user-key/user-key-page.tsx'), 'UserKeyPage'),
  },
  {
    path: '/service-keys',
    page: pageFrom(() => import('../pages/service-keys/service-keys-page.tsx'), 'ServiceKeysPage'),
  },
  {
    path: '/service-keys/:key/:tab?',
    page: pageFrom(() => import('../pages/service-key/service-key-page.tsx'), 'ServiceKeyPage'),
  },
  { path: '/activity', page: pageFrom(() => import('../pages/activity/activity-page.tsx'), 'ActivityPage') },
  { path: '/upcoming', page: pageFrom(() => import('../pages/upcoming/upcoming-page.tsx'), 'UpcomingPage') },
  { path: '/roles', page: pageFrom(() => import('../pages/roles/roles-page.tsx'), 'RolesPage') },
  { path: '/me', page: pageFrom(() => import('../pages/me/me-page.tsx'), 'MePage') },
]

/** The pages that the navigation offers, each to those who have the permission that it needs. */
export const navigation: readonly {
  readonly path: string
  readonly name: keyof Messages['nav']
  readonly permission?: EnumOf<'KeyPermission'>
}[] = [
  { path: '/', name: 'dashboard' },
  { path: '/user-keys', name: 'userKeys' },
  { path: '/service-keys', name: 'serviceKeys' },
  { path: '/activity', name: 'activity', permission: 'READ_AUDIT' },
  { path: '/upcoming', name: 'upcoming' },
  { path: '/roles', name: 'roles', permission: 'MANAGE_ROLES' },
  { path: '/me', name: 'me' },
]

/** A page that is loaded when it is opened. */
function pageFrom<Name extends string>(
  load: () => Promise<Readonly<Record<Name, ComponentType>>>,
  name: Name,
): ComponentType {
  return lazy<ComponentType>(async () => ({ default: (await load())[name] }))
}
