import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '..')

/**
 * Calls that look for an element by a text. Playwright takes a text for a part of a name unless it is told otherwise, so
 * that `Name` also finds the filter `Name starts with` of the page before.
 */
const locatorCalls = /\.getBy(?:Role|Label|Text|Title|AltText|Placeholder)\((?:[^()]|\([^()]*\))*\)/g
const isWhole = (call: string) => /exact: true/.test(call) || /^\.getByRole\('\w+'\)$/.test(call)

describe.each(globSync('**/*.browser.test.ts', { cwd: folder }))('%s', (file) => {
  it('finds elements by their whole names', () => {
    const calls = readFileSync(join(folder, file), 'utf8').match(locatorCalls) ?? []
    expect(calls.filter((call) => !isWhole(call))).toEqual([])
  })

  // `unroute` leaves requests behind that its handler is still busy with, and that are then handled twice.
  it('waits for what it holds up before it holds up nothing more', () => {
    expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(
      /\.unroute\(|unrouteAll\((?!\{ behavior: 'wait' \}\))/,
    )
  })
})

it('a locator without the whole name is noticed', () => {
  const [call = ''] = "page.getByLabel('Name').fill('orders')".match(locatorCalls) ?? []
  expect(isWhole(call)).toBe(false)
})
