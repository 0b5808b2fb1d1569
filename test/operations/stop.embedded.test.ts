import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { json } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTestDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import { type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

describe('a stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s ends with exit code 0, and says so', async (signal) => {
    const { dataFolder, dispose } = await createTestDatabase()
    onTestFinished(dispose)
    const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0' })
    expect(await server.stop(signal)).toBe(0)
    expect(server.output.slice(-2)).toEqual([
      'Keystead is stopping …',
      expect.stringMatching(/^\{.*"msg":"stopped"\}$/),
    ])
  })

  it('does not wait for connections that ask nothing', async () => {
    const story = await startStoryWithoutTimers()
    const { hostname, port } = new URL(story.app.url)
    const unused = connect(Number(port), hostname)
    await once(unused, 'connect')
    // One more, which has asked and is kept alive.
    expect((await fetch(`${story.app.url}/health/live`)).status).toBe(200)
    const ended = once(unused, 'close')
    await story.app.close()
    await ended
  })

  it('finishes what is under way, and then closes its connection', async () => {
    const story = await startStoryWithoutTimers()
    const { sent, body } = await beginRequest(story)
    const closed = story.app.close()
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    expect(response.headers.connection).toBe('close')
    expect(await json(response)).toEqual({ data: { createUserKey: { __typename: 'CreateUserKeyPayload' } } })
    await closed
  })

  it('makes the server not ready at once, while it still can do its work', async () => {
    const story = await startStoryWithoutTimers()
    const { sent, body } = await beginRequest(story)
    const question = 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\n'
    const { hostname, port } = new URL(story.app.url)
    // Whoever spreads the load asks on a connection that it has: new ones are not taken any more.
    const asking = connect(Number(port), hostname)
    asking.write(`${question}\r\n`)
    expect(String(await once(asking, 'data'))).toMatch(/^HTTP\/1.1 200 /)
    asking.write(question)
    // Answered after what came before it.
    expect((await fetch(`${story.app.url}/health/live`)).status).toBe(200)
    const closed = story.app.close()
    asking.write('\r\n')
    expect(String(await once(asking, 'data'))).toMatch(/^HTTP\/1.1 503 /)
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await json(response)).toEqual({ data: { createUserKey: { __typename: 'CreateUserKeyPayload' } } })
    await closed
  })

  it('ends a round of housekeeping early, however long requests take', async () => {
    const story = await startStoryWithoutTimers()
    const due = { name: 'due', automaticRotation: { enabled: true, cycleDays: 30 } }
    await story.as(member).mutate('createUserKey', due)
    story.clock.advance({ days: 31 })
    const { sent, body } = await beginRequest(story)
    const round = story.app.housekeeping.runOnce()
    const closed = story.stop()
    // While the stop waits for the request.
    expect(await round).toMatchObject({ rotatedKeys: 0 })
    sent.end(body)
    expect(((await once(sent, 'response')) as [IncomingMessage])[0].statusCode).toBe(200)
    await closed
    // What it has left is done at the next start.
    await story.restart()
    const report = await story.app.housekeeping.runOnce()
    const { userKeys } = await story
      .as(member)
      .ask<{ userKeys: { nodes: object[] } }>(
        '{ userKeys(first: 5) { nodes { name versions(first: 5) { totalCount } } } }',
      )
    expect(userKeys.nodes).toContainEqual({ name: 'due', versions: { totalCount: 2 } })
    expect(report.failedKeys).toBe(0)
    await story.stop()
  })
})

/** A request that the server has, and whose body it waits for. */
async function beginRequest(story: Story): Promise<{ sent: ClientRequest; body: string }> {
  const body = '{"query":"mutation { createUserKey(input: { name: \\"orders\\" }) { __typename } }"}'
  const sent = request(`${story.app.url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await story.tokenFor(member)}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
      connection: 'keep-alive',
    },
  })
  sent.flushHeaders()
  await once(sent, 'continue')
  return { sent, body }
}

/** A server that cannot cut connections off by the clock: a stop ends only if it waits for none. */
async function startStoryWithoutTimers(): Promise<Story> {
  const story = await startStory()
  onTestFinished(() => story.database.dispose())
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  return story
}
