import type { ComponentType } from 'react'
import type { Messages } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import { ActivityPage } from '../pages/activity/activity-page.tsx'
import { CreateKeyPage } from '../pages/create-key/create-key-page.tsx'
import { DashboardPage } from '../pages/dashboard/dashboard-page.tsx'
import { MePage } from '../pages/me/me-page.tsx'
import { RolesPage } from '../pages/roles/roles-page.tsx'
import { ServiceKeyPage } from '../pages/service-key/service-key-page.tsx'
import { ServiceKeysPage } from '../pages/service-keys/service-keys-page.tsx'
import { UpcomingPage } from '../pages/upcoming/upcoming-page.tsx'
import { UserKeyPage } from '../pages/user-key/user-key-page.tsx'
import { UserKeysPage } from '../pages/user-keys/user-keys-page.tsx'

/**
 * Which page is shown at which address. All are in the file that the console begins with: apart, small files compress badly,
 * and what is loaded later is shown later.
 */
export const routes: readonly { readonly path: string; readonly page: ComponentType }[] = [
  { path: '/', page: DashboardPage },
  { path: '/user-keys', page: UserKeysPage },
  { path: '/user-keys/new', page: CreateKeyPage },
  { path: '/user-keys/:key/:tab?', page: UserKeyPage },
  { path: '/service-keys', page: ServiceKeysPage },
  { path: '/service-keys/:key/:tab?', page: ServiceKeyPage },
  { path: '/activity', page: ActivityPage },
  { path: '/upcoming', page: UpcomingPage },
  { path: '/roles', page: RolesPage },
  { path: '/me', page: MePage },
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
