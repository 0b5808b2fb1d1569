import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'
import { doAllSorts, openTrail, verifyStory } from './opened-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** Callers that change keys and use them, all at the same time. */
async function workTogether(client: Client, name: string): Promise<void> {
  const { userKey } = await client.mutate('createUserKey', { name: `${name}-shared` }, 'userKey { id }')
  const keyId = userKey.id as string
  await Promise.all([
    ...Array.from({ length: 3 }, (_, index) => doAllSorts(client, `${name}-${index}`)),
    ...Array.from({ length: 40 }, () => client.mutate('encrypt', { key: keyId, plaintext: base64('x') })),
    ...Array.from({ length: 5 }, () => client.mutate('rotateUserKey', { key: keyId })),
    // Refused: there is no such version.
    ...Array.from({ length: 5 }, () =>
      client.mutate('deactivateKeyVersion', { version: { key: keyId, number: 99 } }),
    ),
    client.mutate('encryptBatch', {
      items: Array.from({ length: 100 }, () => ({ key: keyId, plaintext: base64('x') })),
    }),
  ])
}

async function chainRows(story: Story): Promise<{ number: number; kind: string; head: number }[]> {
  const { parts, close } = await openTrail(story)
  try {
    const chains = await parts.store.db.auditChain.findMany({ orderBy: { number: 'asc' } })
    return chains.map(({ number, kind, headSequence }) => ({ number, kind, head: Number(headSequence) }))
  } finally {
    await close()
  }
}

describe.skipIf(hasNoDatabase())('the chains of the audit trail', () => {
  it('hold all records without a finding after many requests at once, and the housekeeping between', async () => {
    const story = await startStoryForTest()
    await workTogether(story.as(mia), 'a')
    story.clock.advance({ days: 400 })
    await story.app.housekeeping.runOnce()
    await story.restart()
    await workTogether(story.as(mia), 'b')
    await story.stop()
    const report = await verifyStory(story)
    expect(report).toMatchObject({ findings: [], chains: 4, recordsBeforeChains: 0 })
    const [operations, management, ...further] = await chainRows(story)
    expect(operations).toMatchObject({ number: 1, kind: 'OPERATIONS' })
    expect(management).toMatchObject({ number: 2, kind: 'MANAGEMENT' })
    expect(report.records).toBe(
      [operations, management, ...further].reduce((sum, row) => sum + (row?.head ?? 0), 0),
    )
    expect(operations?.head).toBeGreaterThan(100)
    expect(management?.head).toBeGreaterThan(10)
  })

  it('take one statement for a group of operations, and no statement more than the first time later', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const { userKey } = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const encrypt = () => client.mutate('encrypt', { key: userKey.id, plaintext: base64('x') })
    await encrypt()
    for (let turn = 0; turn < 3; turn++) {
      story.takeStatements()
      await encrypt()
      // Others can come in between: a key is read again when its cache was emptied.
      const statements = story.takeStatements().filter((sql) => sql.includes('audit_'))
      expect(statements).toHaveLength(1)
      expect(statements[0]).toContain('INSERT INTO audit_events')
    }
  })

  it('are left alone by a command that records nothing', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const before = await chainRows(story)
    expect(before).toHaveLength(2)
    await verifyStory(story)
    expect(await chainRows(story)).toEqual(before)
  })
})
