import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parse, validate } from 'graphql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { blocksOf } from '../docs/blocks.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'

const blocks = blocksOf(readFileSync(join(import.meta.dirname, '../../docs/subscriptions.md'), 'utf8'))
const textOf = (language: string) => blocks.find((block) => block.language === language)?.text ?? ''

describe('the page about subscriptions', () => {
  it('has documents that the schema takes', () => {
    const documents = blocks.filter(({ language }) => language === 'graphql')
    expect(documents).toHaveLength(2)
    for (const { text: document } of documents) expect(validate(schema, parse(document))).toEqual([])
  })

  it('has commands that print what it shows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-subscriptions-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const { dataFolder } = await createEmbeddedDatabase(join(folder, 'data'))
    const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0' })
    onTestFinished(async () => void (await server.stop('SIGTERM')))
    const commands = textOf('sh').replace('http://127.0.0.1:4600', server.url)
    expect(commands).toContain(server.url)
    // Its own group, so that curl goes with it.
    const shell = spawn('bash', ['-c', commands], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    onTestFinished(() => void (shell.pid !== undefined && process.kill(-shell.pid, 'SIGKILL')))
    const expected = textOf('text')
    expect(expected).toContain('event: next')
    let printed = ''
    for await (const bytes of shell.stdout) {
      printed += String(bytes)
      if (printed.length >= expected.length) break
    }
    expect(printed.slice(0, expected.length)).toBe(expected)
  })

  it('has a program for WebSocket that prints an event', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-subscriptions-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const { dataFolder } = await createEmbeddedDatabase(join(folder, 'data'))
    const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0' })
    onTestFinished(async () => void (await server.stop('SIGTERM')))
    const program = spawn(process.execPath, ['--input-type=module', '-e', textOf('js')], {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, KEYSTEAD_URL: server.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const printed = await text(program.stdout)
    expect(printed).toContain('userKeysChanged: { listAgain: true }')
  })
})
