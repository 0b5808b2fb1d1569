import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { createTestDatabase } from '../support/databases.ts'
import { base64, environmentFor, type Person, startStoryForTest } from '../support/story.ts'
import { readSamples, startWatchedStory, sumOf } from './watched-story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

describe('the port of metrics', () => {
  it('is not there unless it is set', async () => {
    const { app } = await startStoryForTest()
    expect(app.metricsUrl).toBeNull()
    expect((await fetch(`${app.url}/metrics`)).status).toBe(404)
  })

  it('is of this machine only by default, and apart from the API', async () => {
    const { story, scrape } = await startWatchedStory()
    const metricsUrl = new URL(story.app.metricsUrl ?? '')
    expect(metricsUrl.hostname).toBe('127.0.0.1')
    expect(metricsUrl.port).not.toBe(new URL(story.app.url).port)
    expect((await fetch(`${story.app.url}/metrics`)).status).toBe(404)
    for (const path of ['/', '/graphql', '/health/ready', '/metrics/', '/metrics?x']) {
      expect((await fetch(new URL(path, metricsUrl))).status).toBe(404)
    }
    expect((await fetch(metricsUrl, { method: 'POST', body: 'x' })).status).toBe(404)
    expect((await fetch(metricsUrl)).headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    // What was asked there is not among the requests of the API.
    expect(sumOf(readSamples(await scrape()), 'keystead_http_requests_total')).toBe(1)
  })

  it('is not that of the API, whatever the settings say', () => {
    const both = { PORT: '4600', METRICS_PORT: '4600' }
    expect(() => readConfig(both)).toThrow('METRICS_PORT must not be PORT')
    expect(readConfig({ PORT: '0', METRICS_PORT: '0' }).METRICS_PORT).toBe(0)
    expect(readConfig({}).METRICS_PORT).toBeNull()
  })

  it('that is in use keeps the server from starting, with a sentence that names the setting', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const database = await createTestDatabase()
    onTestFinished(database.dispose)
    const config = readConfig(await environmentFor(database, { METRICS_PORT: String(port) }))
    await expect(createApp(config, { log: createLog('silent') })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is in use. Stop the other server, or choose another METRICS_PORT.`,
    )
  })

  it('answers under load, and counts each operation once', async () => {
    const { story, scrape } = await startWatchedStory()
    const client = story.as(mia)
    const { userKey } = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const encrypt = () => client.mutate('encrypt', { key: userKey.id, plaintext: base64('hello') })
    const load = Array.from({ length: 300 }, encrypt)
    const scrapes = await Promise.all(Array.from({ length: 20 }, scrape))
    for (const { __typename } of await Promise.all(load)) expect(__typename).toBe('EncryptPayload')
    for (const text of scrapes) expect(sumOf(readSamples(text), 'keystead_build_info')).toBe(1)
    const samples = readSamples(await scrape())
    const encrypted = { action: 'ENCRYPT', outcome: 'SUCCEEDED', algorithm: 'AES_256_GCM' }
    expect(sumOf(samples, 'keystead_operations_total', encrypted)).toBe(300)
    expect(sumOf(samples, 'keystead_operation_duration_seconds_count', { action: 'ENCRYPT' })).toBe(300)
    expect(sumOf(samples, 'keystead_audit_group_events_sum')).toBe(300)
    // Blocks of 16, 32, 64, 128 and 256.
    expect(sumOf(samples, 'keystead_encryption_blocks_total', { used: 'below_half' })).toBe(5)
    expect(sumOf(samples, 'keystead_encryption_blocks_total')).toBe(5)
    expect(sumOf(samples, 'keystead_audit_lag_seconds_count')).toBe(
      sumOf(samples, 'keystead_audit_write_duration_seconds_count'),
    )
  })
})
