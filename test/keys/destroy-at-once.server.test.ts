import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GraphQLInputObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { settings } from '../../src/config.ts'
import { schema } from '../../src/schema/index.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

const root = join(import.meta.dirname, '../..')
/** By the defaults of the settings. */
const delaySeconds =
  (Number(settings.CACHE_LIFETIME_MS.default) + Number(settings.REQUEST_TIMEOUT_MS.default)) / 1000
const roundSeconds = Number(settings.HOUSEKEEPING_INTERVAL_SECONDS.default)

describe.skipIf(hasNoDatabase())('a destruction with a waiting period of 0 days', () => {
  it('takes as long after the deactivation as schema and guide say, and nothing when that has passed', async () => {
    const story = await startStoryForTest({
      CACHE_LIFETIME_MS: settings.CACHE_LIFETIME_MS.default,
      REQUEST_TIMEOUT_MS: settings.REQUEST_TIMEOUT_MS.default,
    })
    const client = story.as(mia)
    await client.mutate('createUserKey', { name: 'orders' })
    await client.mutate('rotateUserKey', { key: 'orders' })
    const selection = 'version { versionStatus deactivatedAt destroyScheduledFor destroyedAt }'
    const deactivate = async (number: number) =>
      (await client.mutate('deactivateKeyVersion', { version: { key: 'orders', number } }, selection))[
        'version'
      ]
    const destroy = async (number: number) =>
      (
        await client.mutate(
          'destroyKeyVersion',
          { version: { key: 'orders', number }, waitingPeriodDays: 0 },
          selection,
        )
      )['version']
    const statusOf = async (number: number) =>
      (
        await client.ask<{ userKey: { version: { versionStatus: string } } }>(
          `{ userKey(key: "orders") { version(number: ${number}) { versionStatus } } }`,
        )
      ).userKey.version.versionStatus

    const { deactivatedAt } = await deactivate(1)
    await deactivate(2)
    story.clock.advance({ ms: 2000 })
    const scheduled = await destroy(1)
    expect(scheduled).toMatchObject({ versionStatus: 'DESTROY_SCHEDULED', destroyedAt: null })
    const due = Date.parse(scheduled.destroyScheduledFor)
    expect(due - Date.parse(deactivatedAt)).toBe(delaySeconds * 1000)

    story.clock.advance({ ms: due - story.clock.now().getTime() - 1 })
    await story.app.housekeeping.runOnce()
    expect(await statusOf(1)).toBe('DESTROY_SCHEDULED')
    story.clock.advance({ ms: 1 })
    await story.app.housekeeping.runOnce()
    expect(await statusOf(1)).toBe('DESTROYED')

    // The other version was deactivated as long ago.
    expect(await destroy(2)).toMatchObject({ versionStatus: 'DESTROYED' })
  })

  it('is described with the number of seconds that follows from the defaults of the settings', () => {
    const input = schema.getType('DestroyKeyVersionInput') as GraphQLInputObjectType
    const description = input.getFields()['waitingPeriodDays']?.description ?? ''
    const guide = readFileSync(join(root, 'docs/api-guide.md'), 'utf8').replaceAll('\n', ' ')
    for (const text of [description, guide]) {
      expect(text).toMatch(
        new RegExp(`at once, but not before ${delaySeconds} seconds after (the|its) deactivation`),
      )
      expect(text).toContain(`${roundSeconds} seconds`)
    }
  })
})
