import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const content = Buffer.from('4111 1111 1111 1111')
const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

let folder: string
let story: Story
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keystead-service-'))
  story = await startStory()
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await endStory(story)
})

async function startService(key: string): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../examples/service/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      KEYSTEAD_URL: story.app.url,
      KEYSTEAD_TOKEN: await story.tokenFor(member),
      KEYSTEAD_KEY: key,
      RECORDS_FOLDER: join(folder, 'records'),
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
    if (url !== undefined) return { url, child }
  }
  throw new Error(`the service ended: ${lines.join('\n')}`)
}

it('the service of examples/service keeps records encrypted, with one data key, also over a start and a rotation', async () => {
  const max = story.as(member)
  await max.mutate('createUserKey', { name: 'records' })
  const first = await startService('records')
  const ids = Array.from({ length: 7 }, (_, number) => `r${number}`)
  const put = (url: string, id: string) => fetch(`${url}/records/${id}`, { method: 'PUT', body: content })
  const answers = await Promise.all(ids.map((id) => put(first.url, id)))
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 204))
  const records = join(folder, 'records')
  expect(readdirSync(records)).toEqual(ids)
  expect(readFileSync(join(records, 'r0')).includes(content)).toBe(false)
  const count =
    '{ auditEvents(filter: { key: "records", action: [GENERATE_DATA_KEY], outcome: [SUCCEEDED] }) { totalCount } }'
  const admin = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
  expect(await admin.ask(count)).toEqual({ auditEvents: { totalCount: 1 } })
  first.child.kill('SIGTERM')
  await once(first.child, 'exit')
  await max.mutate('rotateUserKey', { key: 'records' })

  const { url } = await startService('records')
  const got = await fetch(`${url}/records/r3`)
  expect(Buffer.from(await got.arrayBuffer())).toEqual(content)
  copyFileSync(join(records, 'r3'), join(records, 'copied'))
  expect((await fetch(`${url}/records/copied`)).status).toBe(500)
  expect((await fetch(`${url}/records/none`)).status).toBe(404)
  expect((await fetch(`${url}/records/..%2Fcard`)).status).toBe(404)
  expect((await fetch(`${url}/records/r3`, { method: 'DELETE' })).status).toBe(405)
})
