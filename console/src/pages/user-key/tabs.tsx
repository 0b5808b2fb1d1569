import { type ComponentType, lazy } from 'react'
import type { Messages } from 'use-intl'
import type { DetailKey } from './detail-key.ts'
import { OverviewTab } from './overview/overview-tab.tsx'

/** What each tab gets. */
export interface TabProps {
  readonly userKey: DetailKey
}

/** A tab of the page of a key. */
interface KeyTab {
  /** Its part of the address; empty for the first. */
  readonly path: string
  readonly name: keyof Messages &
    ('overview' | 'versions' | 'rotation' | 'access' | 'publicKeys' | 'import' | 'use' | 'activity' | 'tryIt')
  readonly content: ComponentType<TabProps>
  /** False where a key has nothing of this. */
  readonly isFor?: (userKey: DetailKey) => boolean
}

const isAsymmetric = ({ type }: DetailKey) => type === 'ASYMMETRIC'
const isExternal = ({ origin }: DetailKey) => origin === 'EXTERNAL'
const isGenerated = ({ origin }: DetailKey) => origin === 'KEYSTEAD'

/** The tabs in their order. All but the first are loaded when they are opened. */
export const keyTabs: readonly KeyTab[] = [
  { path: '', name: 'overview', content: OverviewTab },
  {
    path: 'versions',
    name: 'versions',
    content: lazy(async () => ({ default: (await import('./versions/versions-tab.tsx')).VersionsTab })),
  },
  {
    path: 'rotation',
    name: 'rotation',
    isFor: isGenerated,
    content: lazy(async () => ({ default: (await import('./rotation/rotation-tab.tsx')).RotationTab })),
  },
  {
    path: 'access',
    name: 'access',
    content: lazy(async () => ({ default: (await import('./access/access-tab.tsx')).AccessTab })),
  },
  {
    path: 'public-keys',
    name: 'publicKeys',
    isFor: isAsymmetric,
    content: lazy(async () => ({
      default: (await import('./public-keys/public-keys-tab.tsx')).PublicKeysTab,
    })),
  },
  {
    path: 'import',
    name: 'import',
    isFor: isExternal,
    content: lazy(async () => ({ default: (await import('./import/import-tab.tsx')).ImportTab })),
  },
  {
    path: 'use',
    name: 'use',
    content: lazy(async () => ({ default: (await import('./use/use-tab.tsx')).UseTab })),
  },
  {
    path: 'activity',
    name: 'activity',
    content: lazy(async () => ({ default: (await import('./activity/activity-tab.tsx')).ActivityTab })),
  },
  {
    path: 'try-it',
    name: 'tryIt',
    content: lazy(async () => ({ default: (await import('./try-it/try-it-tab.tsx')).TryItTab })),
  },
]
