import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { settings } from '../../src/config.ts'

const root = join(import.meta.dirname, '../..')
const path = join(root, 'packaging/keystead.service')
const unit = readUnit(readFileSync(path, 'utf8'))
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

describe('packaging/keystead.service', () => {
  it('starts a command that there is, as the package has it', () => {
    const { bin, name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const [program = '', ...args] = only('ExecStart').split(' ')
    expect(Object.keys(bin)).toContain(program.split('/').at(-1))
    expect(commands.map((command) => command.path)).toContainEqual(args)
    expect(only('Documentation')).toContain(`/node_modules/${name}/docs/install.md`)
  })

  it('sets only what is a setting, to values that it takes', () => {
    const given = valuesOf('Environment').map((line) => line.split('='))
    expect(given.length).toBeGreaterThan(0)
    for (const [name = '', value = ''] of given) {
      const setting = Object.entries(settings).find(([each]) => each === name)?.[1]
      expect(setting, name).toBeDefined()
      expect(() => setting?.parse(value), name).not.toThrow()
    }
    expect(given.find(([name]) => name === 'DATA_FOLDER')?.[1]).toBe(`/var/lib/${only('StateDirectory')}`)
  })

  it('waits longer for the end than the server waits for its requests', () => {
    const waitedMs = settings.SHUTDOWN_TIMEOUT_MS.parse(settings.SHUTDOWN_TIMEOUT_MS.default)
    expect(Number(only('TimeoutStopSec')) * 1000).toBeGreaterThan(2 * waitedMs)
  })

  it('keeps keys off disks, and gives no privileges', () => {
    expect(only('LimitCORE')).toBe('0')
    expect(only('MemorySwapMax')).toBe('0')
    expect(only('CapabilityBoundingSet')).toBe('')
    expect(only('NoNewPrivileges')).toBe('yes')
    expect(only('ProtectSystem')).toBe('strict')
    expect(only('User')).not.toBe('root')
  })

  it.skipIf(!hasSystemd)('is what systemd understands, and finds well protected', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-unit-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const copy = join(folder, 'keystead.service')
    // The program that the unit names is there only on a machine on which it is installed.
    const text = readFileSync(path, 'utf8').replace(
      /^ExecStart=\S+/m,
      `ExecStart=${join(root, 'bin/keystead.js')}`,
    )
    writeFileSync(copy, text)
    const verified = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' })
    const complaints = verified.stderr.split('\n').filter((line) => line.includes('keystead.service'))
    expect(complaints).toEqual([])
    const rated = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=20', copy], {
      encoding: 'utf8',
    })
    expect({ status: rated.status, said: rated.stdout.split('\n').at(-2) }).toMatchObject({ status: 0 })
  })
})

/** The values of each name, in their order. */
function readUnit(text: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#') || /^\[\w+\]$/.test(line)) continue
    const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (name === '') throw new Error(`a line is neither a comment nor a value: ${line}`)
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return values
}

function valuesOf(name: string): readonly string[] {
  return unit.get(name) ?? []
}

function only(name: string): string {
  const [value, ...more] = valuesOf(name)
  if (value === undefined || more.length > 0) throw new Error(`${name} is not there exactly once`)
  return value
}
