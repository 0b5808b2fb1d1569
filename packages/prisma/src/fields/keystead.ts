import type { KeysteadClient } from '@keystead/client'

/** What the package needs of a client of Keystead. */
export type Keystead = Pick<KeysteadClient, 'envelope' | 'generateMac' | 'userKey'>
