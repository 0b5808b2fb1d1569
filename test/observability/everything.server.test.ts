import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/errors.ts'
import { readEvents } from '../audit/traced-requests.ts'
import { agent, canaries, manager, runAllMutations, stranger } from './all-mutations.ts'
import { readSamples, startWatchedStory, sumOf, type WatchedStory } from './watched-story.ts'

/** All forms in which bytes could be written down. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'base64')
  return [secret, bytes.toString('latin1'), bytes.toString('hex'), bytes.toString('base64url')]
}

function expectNothingOf(written: string, { story, tokens }: WatchedStory, secrets: readonly string[]): void {
  const rootKey = readFileSync(join(story.database.dataFolder, 'root.key'), 'utf8').trim()
  const bytes = [...secrets, canaries.plaintext, canaries.associatedData, rootKey]
  const names = [canaries.keyName, canaries.alias, canaries.description, canaries.project]
  const people = [manager, stranger, agent].map(({ name }) => name)
  const parts = tokens.flatMap((token) => token.split('.').slice(1))
  for (const secret of [...bytes.flatMap(formsOf), ...names, ...people, ...parts]) {
    expect(secret.length).toBeGreaterThan(10)
    expect(written.includes(secret), secret).toBe(false)
  }
}

describe('logs, metrics and traces of every mutation, well done, refused and failed', () => {
  it('tell how often and how, and nothing of what, whose or by whom', async () => {
    const watched = await startWatchedStory()
    const { story, scrape, sent, spans, traces } = watched
    const secrets = await runAllMutations(watched)
    expect(secrets.length).toBeGreaterThan(7)
    // Twice, so that the second round has nothing left to rotate.
    story.clock.advance({ days: 400 })
    await story.app.housekeeping.runOnce()
    await story.app.housekeeping.runOnce()

    const text = await scrape()
    const logged = story.logged.join('')
    await story.stop()
    expectNothingOf(text, watched, secrets)
    expectNothingOf(logged, watched, secrets)
    expectNothingOf(traces.join(''), watched, secrets)

    const samples = readSamples(text)
    expectCountsOf(await readEvents(story), samples)
    expectOneLineAndSpanEach(logged, watched)
    expect(sumOf(samples, 'keystead_http_requests_total', { route: '/graphql' })).toBe(sent.length)
    expect(sumOf(samples, 'keystead_http_request_duration_seconds_count', { route: '/graphql' })).toBe(
      sent.length,
    )
    expect(sumOf(samples, 'keystead_key_cache_lookups_total', { result: 'hit' })).toBeGreaterThan(0)
    expect(sumOf(samples, 'keystead_key_cache_lookups_total', { result: 'miss' })).toBeGreaterThan(0)
    expect(sumOf(samples, 'keystead_key_cache_keys')).toBeGreaterThan(0)
    expect(sumOf(samples, 'keystead_audit_write_failures_total')).toBe(0)
    expect(sumOf(samples, 'keystead_housekeeping_runs_total', { outcome: 'succeeded' })).toBe(3)
    for (const healthy of ['database_healthy', 'root_key_healthy', 'listener_connected', 'build_info']) {
      expect(sumOf(samples, `keystead_${healthy}`), healthy).toBe(1)
    }
    expect(spans.length).toBeGreaterThan(sent.length)
  })
})

type Samples = ReturnType<typeof readSamples>

/** What is counted is what is on record. */
function expectCountsOf(events: Awaited<ReturnType<typeof readEvents>>, samples: Samples): void {
  const recorded: Record<string, number> = {}
  let destroyed = 0
  for (const { action, error_code, details } of events) {
    const name = `${action} ${error_code ?? 'SUCCEEDED'}`
    recorded[name] = (recorded[name] ?? 0) + 1
    const versions = details['destroyedVersions']
    if (typeof versions === 'string') destroyed += versions.split(' ').length
  }
  const counted: Record<string, number> = {}
  const operations = samples.filter(({ name }) => name === 'keystead_operations_total')
  for (const { labels, value } of operations) {
    const name = `${labels['action']} ${labels['outcome']}`
    counted[name] = (counted[name] ?? 0) + value
    expect(['SUCCEEDED', ...errorCodes]).toContain(labels['outcome'])
    expect(labels['algorithm']).toMatch(/^(none|[A-Z][A-Z0-9_]+)$/)
  }
  expect(counted).toEqual(recorded)
  expect(Object.keys(recorded).length).toBeGreaterThan(60)
  expect(operations.some(({ labels }) => labels['algorithm'] === 'ML_KEM_768')).toBe(true)
  expect(sumOf(samples, 'keystead_key_versions_destroyed_total')).toBe(destroyed)
  const rotations = events.filter(({ action, error_code }) => action === 'ROTATE_KEY' && error_code === null)
  expect(sumOf(samples, 'keystead_key_rotations_total')).toBe(rotations.length)
  const automatic = rotations.filter(({ actor }) => actor === 'system:rotation')
  expect(automatic.length).toBeGreaterThan(0)
  expect(sumOf(samples, 'keystead_key_rotations_total', { trigger: 'automatic' })).toBe(automatic.length)
}

function expectOneLineAndSpanEach(logged: string, { sent, spans }: WatchedStory): void {
  const lines = logged
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const requests = lines.filter(({ msg }) => msg === 'request')
  expect(requests.map(({ requestId }) => requestId)).toEqual(sent.map(({ requestId }) => requestId))
  expect(requests.map(({ status }) => status)).toEqual(sent.map(({ status }) => status))
  const ofRequests = spans.filter(({ attributes }) => 'keystead.request_id' in attributes)
  expect(ofRequests.map(({ attributes }) => attributes['keystead.request_id']).sort()).toEqual(
    sent.map(({ requestId }) => requestId).sort(),
  )
}
