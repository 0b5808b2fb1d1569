import type { ComponentType } from 'react'
import type { Messages } from 'use-intl'
import { AccessTab } from './access/access-tab.tsx'
import { ActivityTab } from './activity/activity-tab.tsx'
import type { DetailKey } from './detail-key.ts'
import { ImportTab } from './import/import-tab.tsx'
import { OverviewTab } from './overview/overview-tab.tsx'
import { PublicKeysTab } from './public-keys/public-keys-tab.tsx'
import { RotationTab } from './rotation/rotation-tab.tsx'
import { TryItTab } from './try-it/try-it-tab.tsx'
import { UseTab } from './use/use-tab.tsx'
import { VersionsTab } from './versions/versions-tab.tsx'

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

/** The tabs in their order. */
export const keyTabs: readonly KeyTab[] = [
  { path: '', name: 'overview', content: OverviewTab },
  {
    path: 'versions',
    name: 'versions',
    content: VersionsTab,
  },
  {
    path: 'rotation',
    name: 'rotation',
    isFor: isGenerated,
    content: RotationTab,
  },
  {
    path: 'access',
    name: 'access',
    content: AccessTab,
  },
  {
    path: 'public-keys',
    name: 'publicKeys',
    isFor: isAsymmetric,
    content: PublicKeysTab,
  },
  {
    path: 'import',
    name: 'import',
    isFor: isExternal,
    content: ImportTab,
  },
  {
    path: 'use',
    name: 'use',
    content: UseTab,
  },
  {
    path: 'activity',
    name: 'activity',
    content: ActivityTab,
  },
  {
    path: 'try-it',
    name: 'tryIt',
    content: TryItTab,
  },
]
