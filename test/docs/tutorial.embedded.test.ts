import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cannotRun } from '../support/skip.ts'
import { asPattern, type Block, blocksOf, collapse } from './blocks.ts'
import { copyCheckout, missingPrograms, startFirstTerminal, type Terminal, typeInto } from './terminals.ts'

const missing = missingPrograms('bash', 'curl', 'node', 'npm', 'openssl')
const leftOut = missing.length > 0 && cannotRun('docs/tutorial.md', `There is no ${missing.join(', ')}.`)

const blocks = blocksOf(readFileSync(join(import.meta.dirname, '../../docs/tutorial.md'), 'utf8'))
const commands = blocks.flatMap((block, index) => {
  if (block.language !== 'sh') return []
  const next = blocks[index + 1]
  return { ...block, shown: next?.language === 'text' ? next.text : '' }
})
const typed = commands.filter(({ remark }) => remark === '' || remark === 'second terminal')

/** The one block that a remark marks. */
function marked(remark: string): Block {
  const [block, another] = blocks.filter((each) => each.remark === remark)
  if (block === undefined || another !== undefined) throw new Error(`not one block "${remark}"`)
  return block
}

describe.skipIf(leftOut)('docs/tutorial.md, typed in word for word', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-tutorial-'))
  let firstTerminal: Terminal | undefined
  let printed: string[]

  beforeAll(async () => {
    const checkout = copyCheckout(join(folder, 'checkout'))
    firstTerminal = await startFirstTerminal(folder, marked('first terminal').text, checkout)
    const { url } = firstTerminal
    printed = await typeInto(
      folder,
      typed.map(({ text }) => text.replaceAll('http://127.0.0.1:4600', url)),
    )
  })
  afterAll(async () => {
    await firstTerminal?.interrupt()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(typed.map(({ line, shown }, index) => ({ line, shown, index })))(
    'the commands of line $line print what it shows',
    ({ index, shown }) => {
      expect(collapse(printed[index] ?? '')).toMatch(asPattern(shown))
    },
  )

  it('shows output below commands only, and all of it is compared', () => {
    const shown = blocks.filter(({ language }) => language === 'text')
    expect(typed.filter((command) => command.shown !== '')).toHaveLength(shown.length)
    expect(shown.length).toBeGreaterThan(15)
  })

  it('leaves nothing behind when the server was ended with Ctrl+C and the folder removed', async () => {
    await firstTerminal?.interrupt()
    expect(firstTerminal?.output.join('\n')).toContain('Keystead is stopping')
    expect(existsSync(join(folder, 'keystead-tutorial/keystead/data'))).toBe(true)
    await typeInto(folder, [marked('second terminal').text, marked('last').text])
    expect(existsSync(join(folder, 'keystead-tutorial'))).toBe(false)
  })
})
