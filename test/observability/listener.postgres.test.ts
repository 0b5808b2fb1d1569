import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createLog } from '../../src/log.ts'
import { startProxy } from '../support/cuttable-proxy.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { startStoryForTest } from '../support/story.ts'
import { readSamples, sumOf } from './watched-story.ts'

describe.skipIf(hasNoDatabase())('a replica that is cut off from its database', () => {
  it('says in its metrics that it does not hear of changes, and that the database does not answer', async () => {
    const story = await startStoryForTest()
    const proxy = await startProxy(story.database.databaseUrl ?? '')
    const app = await createApp(
      { ...story.config, DATABASE_URL: proxy.databaseUrl, METRICS_PORT: 0 },
      { clock: story.clock, log: createLog('silent') },
    )
    onTestFinished(() => app.close())
    const read = async (name: string) => {
      const response = await fetch(app.metricsUrl ?? '')
      return sumOf(readSamples(await response.text()), `keystead_${name}`)
    }
    const within = { timeout: 30_000, interval: 50 }
    await vi.waitFor(async () => expect(await read('listener_connected')).toBe(1), within)
    expect(await read('database_healthy')).toBe(1)
    proxy.cutListener()
    await vi.waitFor(async () => expect(await read('listener_connected')).toBe(0), within)
    expect(await read('database_healthy')).toBe(1)
    proxy.mend()
    await vi.waitFor(async () => expect(await read('listener_connected')).toBe(1), within)
    // Connections that are there and say nothing any more, which only time tells from slow ones.
    proxy.silence('pool')
    expect(await read('database_healthy')).toBe(0)
    expect(await read('root_key_healthy')).toBe(1)
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(503)
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200)
    proxy.mend()
    await vi.waitFor(async () => expect(await read('database_healthy')).toBe(1), within)
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200)
  })
})
