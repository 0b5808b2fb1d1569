import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { verifyAudit } from '../../src/audit/verify/verify.ts'
import { createLog } from '../../src/log.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, clientFor, type Person, startStoryForTest } from '../support/story.ts'
import { doAllSorts, findingsOf, openTrail } from './opened-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

describe.skipIf(hasNoDatabase())('two servers on one database', () => {
  it('write chains of their own, and a verification meanwhile raises no false alarm', async () => {
    const story = await startStoryForTest()
    const { clock, config } = story
    const app = await createApp(config, { clock, log: createLog('silent', { write: () => {} }) })
    onTestFinished(() => app.close())
    const { parts, close } = await openTrail(story)
    onTestFinished(close)
    const clients = [story.as(mia), clientFor(mia, { getUrl: () => app.url, clock })]
    let isDone = false
    const work = Promise.all(
      clients.flatMap((client, server) =>
        Array.from({ length: 3 }, async (_, worker) => {
          for (let turn = 0; turn < 4; turn++) await doAllSorts(client, `key-${server}-${worker}-${turn}`)
        }),
      ),
    ).finally(() => {
      isDone = true
    })
    let lookedWhileWorking = 0
    while (!isDone) {
      expect(await findingsOf(parts)).toEqual([])
      if (!isDone) lookedWhileWorking++
    }
    await work
    expect(lookedWhileWorking).toBeGreaterThan(0)
    const report = await verifyAudit({ db: parts.store.db, chainMac: parts.auditKeys.chainMac })
    expect(report).toMatchObject({ findings: [], chains: 4, keys: 48 })
    expect(report.records).toBe(await parts.store.db.auditEvent.count())
    const heads = await parts.store.db.auditChain.findMany()
    expect(heads.every(({ headSequence }) => headSequence > 0n)).toBe(true)
  })
})

describe.skipIf(hasNoDatabase())('the chains of a server', () => {
  it.each(['OPERATIONS', 'MANAGEMENT'])(
    'of %s go on in a new one, with an alarm, where somebody has changed the old one under the server',
    async (kind) => {
      const story = await startStoryForTest()
      const client = story.as(mia)
      const { userKey } = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
      const work = async () => {
        const encrypted = await client.mutate('encrypt', { key: userKey.id, plaintext: base64('x') })
        const rotated = await client.mutate('rotateUserKey', { key: userKey.id })
        return [encrypted.__typename, rotated.__typename]
      }
      await work()
      const beside = await openTrail(story)
      onTestFinished(beside.close)
      const { parts } = beside
      await parts.store.db.$executeRawUnsafe(
        `UPDATE audit_chains SET head_sequence = head_sequence - 1 WHERE kind = '${kind}'`,
      )
      const alarms = () => story.logged.filter((line) => line.includes('INTEGRITY'))
      expect(alarms()).toEqual([])
      expect(await work()).toEqual(['EncryptPayload', 'RotateUserKeyPayload'])
      expect(await work()).toEqual(['EncryptPayload', 'RotateUserKeyPayload'])
      const number = kind === 'OPERATIONS' ? 1 : 2
      expect(alarms()).toHaveLength(1)
      expect(alarms()[0]).toContain(`audit chain ${number} is not as this server left it`)
      expect(await parts.store.db.auditChain.count({ where: { kind: kind as 'OPERATIONS' } })).toBe(2)
      expect(await findingsOf(parts)).toContain(
        `chain ${number} does not end where the server left it: its head was changed`,
      )
    },
  )
})
