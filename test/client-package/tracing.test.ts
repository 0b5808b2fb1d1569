import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { errorAnswer, startScriptedServer, viewerAnswer } from './scripted-server.ts'

const keyNotFound = { __typename: 'KeyNotFoundError', code: 'KEY_NOT_FOUND', message: 'The key …' }
const item = { result: { __typename: 'EncryptPayload', ciphertext: 'AQ==' } }

it('where OpenTelemetry is, each request has a span that the server continues, and that tells no secret', async () => {
  const { url, seen } = await startScriptedServer(({ query }, count) => {
    if (count === 1) return errorAnswer('UNAVAILABLE', { retryAfterSeconds: 0 }, { status: 503 })
    if (query.startsWith('query Viewer')) return viewerAnswer
    if (query.startsWith('query UserKey')) return errorAnswer('FORBIDDEN')
    if (!query.includes('encryptBatch')) return { body: { data: { sign: keyNotFound } } }
    return { body: { data: { encryptBatch: { __typename: 'EncryptBatchPayload', results: [item, item] } } } }
  })
  const program = join(import.meta.dirname, 'traced-calls.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, url])
  const spans = JSON.parse(stdout)
  const [viewer, batch, refused, unknown, request] = spans
  const operation = (name: string, type: string) => ({
    'graphql.operation.name': name,
    'graphql.operation.type': type,
    'server.address': '127.0.0.1',
  })
  expect(spans.length).toBe(5)
  expect(viewer).toMatchObject({ name: 'keystead viewer', isClient: true, status: { code: 0 } })
  expect(viewer.attributes).toEqual({ ...operation('viewer', 'query'), 'http.request.resend_count': 1 })
  expect(batch.attributes).toEqual({ ...operation('encryptBatch', 'mutation'), 'keystead.batch.items': 2 })
  expect(refused).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'FORBIDDEN' } })
  expect(unknown).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'KEY_NOT_FOUND' } })
  expect([viewer, batch, refused].map(({ parent }) => parent)).toEqual([request.id, request.id, request.id])
  const continued = seen.map(({ headers }) => String(headers['traceparent']).split('-')[2])
  expect(continued).toEqual([viewer.id, viewer.id, batch.id, refused.id, unknown.id])
  expect(seen.map(({ headers }) => headers['baggage'])).toEqual(seen.map(() => undefined))
  expect(stdout).not.toContain('secret-name')
})
