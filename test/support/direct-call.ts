import type { RequestContext } from '../../src/keys/rules/caller.ts'

/** A call of user:mia in the project "shop", for tests that use `src/keys` without HTTP. No limit applies to it. */
export const directCall: RequestContext = {
  caller: {
    subject: 'user:mia',
    kind: 'USER',
    name: 'mia',
    groups: [],
    projectId: 'shop',
    roles: new Set(['KMS_MANAGER', 'KMS_USER']),
    tokenId: null,
    tokenExpiresAt: new Date(8.64e15),
  },
  refreshCaller: async () => {},
  requestId: 'request',
  clientAddress: null,
  signal: new AbortController().signal,
  charge: async () => {},
  loopTurn: async () => {},
}
