import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executablePath } from '../support/chromium.ts'
import { type ConsoleInBrowser, openConsoleInBrowser, shows } from '../support/console-in-browser.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

describe.skipIf(cannotStart)('the frame of the console', () => {
  let console: ConsoleInBrowser

  beforeAll(async () => {
    console = await openConsoleInBrowser()
    await console.switchTo('admin')
  })
  afterAll(() => console?.stop())

  const pages = [
    ['/', 'Dashboard'],
    ['/user-keys', 'User keys'],
    ['/user-keys/new', 'Create a user key'],
    ['/service-keys', 'Service keys'],
    ['/activity', 'Activity'],
    ['/upcoming', 'Upcoming'],
    ['/roles', 'Roles'],
    ['/me', 'My access'],
    ['/nowhere', 'Page not found'],
  ] as const

  it.each(pages)(
    '%s has a title, nothing serious for axe, and fits a narrow screen',
    async (path, heading) => {
      await console.goTo(path, heading)
      expect(await console.page.title()).toBe(`${heading} – Keystead`)
      expect(await console.violations()).toEqual([])
      const size = console.page.viewportSize()
      await console.page.setViewportSize({ width: 360, height: 800 })
      expect(await console.scrollsSideways()).toBe(false)
      expect(await console.violations()).toEqual([])
      if (size) await console.page.setViewportSize(size)
    },
  )

  /** What was asked for more than once, until a moment after a page is shown. */
  async function askedTwice(): Promise<readonly string[]> {
    const { page, sent } = console
    await page.waitForLoadState('load')
    await expect.poll(() => sent.length).toBeGreaterThan(0)
    // What is asked twice is asked soon after.
    await page.waitForTimeout(1000)
    const asked = sent.splice(0).map((body) => JSON.stringify(body))
    return asked.filter((body, index) => asked.indexOf(body) !== index)
  }

  it.each(pages)('%s asks for nothing twice', async (path, heading) => {
    // Another user begins with an empty cache.
    await console.switchTo('outsider')
    await console.goTo('/elsewhere', 'Page not found')
    console.sent.splice(0)
    await console.switchTo('admin')
    await console.goTo(path, heading)
    expect(await askedTwice()).toEqual([])
  })

  it('asks for nothing twice when it is loaded at an address', async () => {
    console.sent.splice(0)
    await console.page.goto(new URL('/user-keys', console.url).href)
    await console.page.getByRole('heading', { level: 1, name: 'User keys', exact: true }).waitFor()
    expect(await askedTwice()).toEqual([])
  })

  it('keeps one stream of changes open, and opens another whenever one has ended', async () => {
    const tab = await console.context.newPage()
    await tab.clock.install()
    const event = 'event: next\ndata: {"data":{"userKeysChanged":{"listAgain":true}}}\n\n'
    const stream = { contentType: 'text/event-stream', body: '' }
    const ends = [
      { ...stream, body: event },
      stream,
      { status: 503, json: { errors: [{ message: 'shut down' }] } },
      { status: 502, contentType: 'text/plain', body: 'no server' },
      null,
    ]
    let opened = 0
    await tab.route('**/graphql', async (route) => {
      const { operationName } = route.request().postDataJSON() as { operationName: string }
      if (operationName !== 'UserKeysChanged') return route.continue()
      opened++
      const end = ends[opened - 1]
      if (end === undefined) return route.continue()
      await (end === null ? route.abort() : route.fulfill(end))
    })
    await tab.goto(new URL('/upcoming', console.url).href)
    await tab.getByRole('heading', { level: 1, name: 'Upcoming', exact: true }).waitFor()
    for (let streams = 1; streams <= ends.length + 1; streams++) {
      await expect.poll(() => opened).toBe(streams)
      // Time for the answer.
      await tab.waitForTimeout(300)
      if (streams <= ends.length) await tab.clock.runFor(5000)
    }
    // The last one lasts.
    await tab.clock.runFor(60_000)
    await tab.waitForTimeout(300)
    expect(opened).toBe(ends.length + 1)
    await tab.close()
  })

  it('the heading of a page has the focus after navigation, and Back returns', async () => {
    const { page } = console
    await console.goTo('/user-keys', 'User keys')
    await page.getByRole('link', { name: 'Upcoming', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Upcoming', exact: true }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Upcoming')
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'User keys', exact: true }).waitFor()
  })

  it('speaks the language that was chosen, also after it is loaded anew', async () => {
    const { page } = console
    await page.getByRole('combobox', { name: 'Language', exact: true }).selectOption('ko')
    await page.getByRole('heading', { level: 1, name: '사용자 키', exact: true }).waitFor()
    await page.reload()
    await page.getByRole('heading', { level: 1, name: '사용자 키', exact: true }).waitFor()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('ko')
    await page.getByRole('combobox', { name: '언어', exact: true }).selectOption('en')
    await page.getByRole('heading', { level: 1, name: 'User keys', exact: true }).waitFor()
  })

  it('the browser has nothing to complain about', () => {
    expect(console.complaints).toEqual([])
  })

  it('says that the server cannot be reached, and goes on when it can', async () => {
    const { page, context } = console
    await context.setOffline(true)
    await page.getByRole('link', { name: 'My access', exact: true }).click()
    await page.getByRole('link', { name: 'Upcoming', exact: true }).click()
    await page.getByRole('combobox', { name: 'Within', exact: true }).selectOption('90')
    await shows(page.getByRole('alert'), 'The server cannot be reached.')
    await context.setOffline(false)
    // Nobody has to press anything.
    await shows(page.getByRole('main'), 'Nothing is due in this period.')
    expect(await page.getByRole('alert').count()).toBe(0)
  })
})
