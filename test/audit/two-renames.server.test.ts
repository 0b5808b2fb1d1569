import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { startStoryForTest } from '../support/story.ts'

describe.skipIf(hasNoDatabase())('renames of several keys to one name at the same moment', () => {
  it('leave one key with the name, and the same answer and record for all others', async () => {
    const story = await startStoryForTest()
    const mia = story.as({ name: 'mia', roles: ['KMS_MANAGER'] })
    const keyIds: string[] = []
    for (let index = 0; index < 8; index++) {
      const created = await mia.mutate('createUserKey', { name: `key-${index}` }, 'userKey { id }')
      keyIds.push(created['userKey'].id)
    }
    const results = await Promise.all(
      keyIds.map((keyId) => mia.mutate('updateUserKey', { key: keyId, name: 'wanted' }, 'userKey { name }')),
    )
    const codes = results.map(({ code }) => code ?? 'SUCCEEDED').sort()
    expect(codes).toEqual([...Array.from({ length: 7 }, () => 'NAME_TAKEN'), 'SUCCEEDED'])
    const { auditEvents } = await mia.ask<{ auditEvents: { nodes: { errorCode: string | null }[] } }>(
      '{ auditEvents(first: 50, filter: { action: [UPDATE_USER_KEY] }) { nodes { errorCode } } }',
    )
    expect(auditEvents.nodes.map(({ errorCode }) => errorCode ?? 'SUCCEEDED').sort()).toEqual(codes)
  })
})
