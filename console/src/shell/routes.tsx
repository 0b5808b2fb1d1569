import { type ComponentType, lazy, useState } from 'react'
import type { Messages } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'

/** A page of the console. */
interface PageRoute {
  readonly path: string
  readonly page: ComponentType
  /** Loads the code of the page. */
  readonly load: () => Promise<unknown>
}

/** Which page is shown at which address. Each is loaded when it is opened. */
export const routes: readonly PageRoute[] = [
  { path: '/', ...pageFrom(() => import('../pages/dashboard/dashboard-page.tsx'), 'DashboardPage') },
  {
    path: '/user-keys',
    ...pageFrom(() => import('../pages/user-keys/user-keys-page.tsx'), 'UserKeysPage'),
  },
  {
    path: '/user-keys/new',
    ...pageFrom(() => import('../pages/create-key/create-key-page.tsx'), 'CreateKeyPage'),
  },
  {
    path: '/user-keys/:key/:tab?',
    ...pageFrom(() => import('../pages/user-key/user-key-page.tsx'), 'UserKeyPage'),
  },
  {
    path: '/service-keys',
    ...pageFrom(() => import('../pages/service-keys/service-keys-page.tsx'), 'ServiceKeysPage'),
  },
  {
    path: '/service-keys/:key/:tab?',
    ...pageFrom(() => import('../pages/service-key/service-key-page.tsx'), 'ServiceKeyPage'),
  },
  { path: '/activity', ...pageFrom(() => import('../pages/activity/activity-page.tsx'), 'ActivityPage') },
  { path: '/upcoming', ...pageFrom(() => import('../pages/upcoming/upcoming-page.tsx'), 'UpcomingPage') },
  { path: '/roles', ...pageFrom(() => import('../pages/roles/roles-page.tsx'), 'RolesPage') },
  { path: '/me', ...pageFrom(() => import('../pages/me/me-page.tsx'), 'MePage') },
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

/** Loads the code for an address, so that its page is shown at once when it is opened. */
export async function preloadPage(address: string): Promise<void> {
  const [, folder] = address.split('/')
  const wanted = routes.filter(({ path }) => path.split('/')[1] === folder)
  // Where it cannot be loaded, opening the page says so.
  await Promise.allSettled(wanted.map(({ load }) => load()))
}

/**
 * A page that is loaded when it is opened, if not before. Only then does it suspend: what has suspended, React shows no
 * sooner than 300 ms after the sign of loading.
 */
function pageFrom<Name extends string>(
  load: () => Promise<Readonly<Record<Name, ComponentType>>>,
  name: Name,
): Pick<PageRoute, 'page' | 'load'> {
  let loaded: ComponentType | null = null
  async function loadOnce() {
    loaded ??= (await load())[name]
    return { default: loaded }
  }
  const later = lazy<ComponentType>(loadOnce)
  return {
    load: loadOnce,
    page: function PageOfRoute() {
      const [Content] = useState<ComponentType>(() => loaded ?? later)
      return <Content />
    },
  }
}
