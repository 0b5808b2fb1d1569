import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { createPerson } from '../cli/run-as-user.ts'
import { buildConsole } from '../support/build-console.ts'
import { createTestDatabase } from '../support/databases.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/command-line.md'), 'utf8')

it('the tour of the command line works, signed in to a server in development mode', async () => {
  // Only a server with the console says how it lets people in.
  buildConsole()
  const database = await createTestDatabase()
  const app = await createApp(readConfig({ PORT: '0', DATA_FOLDER: database.dataFolder }), {
    log: createLog('silent', { write() {} }),
  })
  const person = createPerson()
  onTestFinished(async () => {
    await app.close()
    person.remove()
    await database.dispose()
  })
  const report = Buffer.alloc(100_000, 'report ')
  writeFileSync(person.path('report.pdf'), report)
  writeFileSync(person.path('release.json'), '{}')

  const [, block = ''] = /^## Start\n\n```sh\n([\s\S]*?)```/m.exec(guide) ?? []
  const lines = block.trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(8)
  for (const line of lines) {
    const [command = '', file] = line.replace('https://keystead.example.com', app.url).split(' > ')
    // Otherwise the report would not be replaced.
    const isDecryption = command.includes(' decrypt ')
    if (isDecryption) rmSync(person.path('report.pdf'))
    const args = command
      .split(' ')
      .slice(1)
      .map((word) => (/\.(pdf|json|keystead|sig)$/.test(word) ? person.path(word) : word))
    const { code, said, bytes } = await person.run(...args)
    expect({ line, code, said }).toMatchObject({ line, code: 0 })
    if (file !== undefined) writeFileSync(person.path(file), bytes)
    if (isDecryption) expect(readFileSync(person.path('report.pdf')).equals(report)).toBe(true)
  }

  const login = ['login', '--server', app.url, '--persona']
  expect(await person.run(...login, 'nobody')).toMatchObject({
    code: 2,
    said: expect.stringContaining('--persona must be one of admin, '),
  })
  expect((await person.run(...login, 'member')).code).toBe(0)
  // A token that the server refuses is replaced by a new one.
  const profile = join(person.config, 'default.json')
  const saved = JSON.parse(readFileSync(profile, 'utf8'))
  writeFileSync(profile, JSON.stringify({ ...saved, token: `${saved.token.slice(0, -8)}AAAAAAAA` }))
  expect((await person.run('keys', 'list')).printed).toMatch(/^orders /m)
})
