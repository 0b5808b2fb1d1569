import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executablePath, patience } from '../support/chromium.ts'
import { type ConsoleInBrowser, openConsoleInBrowser, shows } from '../support/console-in-browser.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

/** Keys of each kind that the dashboard counts, of which the administrator sees all but the last. */
const makeKeys = `
  mutation {
    orders: createUserKey(input: {
      name: "orders", usage: ENCRYPT_DECRYPT, type: SYMMETRIC, algorithm: AES_256_GCM,
      labels: [{ name: "team", value: "payments" }], automaticRotation: { enabled: true, cycleDays: 5 }
    }) { __typename }
    invoices: createUserKey(input: {
      name: "invoices", usage: SIGN_VERIFY, type: ASYMMETRIC, algorithm: EC_P256
    }) { __typename }
    later: createUserKey(input: {
      name: "later", usage: GENERATE_VERIFY_MAC, type: SYMMETRIC, algorithm: HMAC_SHA256, preActivation: true
    }) { __typename }
    blocked: createUserKey(input: {
      name: "blocked", usage: ENCRYPT_DECRYPT, type: SYMMETRIC, algorithm: XAES_256_GCM
    }) { __typename }
    rotated: rotateUserKey(input: { key: "blocked" }) { __typename }
    deactivated: deactivateKeyVersion(input: { version: { key: "blocked", number: 2 } }) { __typename }
    scheduled: destroyKeyVersion(input: {
      version: { key: "blocked", number: 2 }, waitingPeriodDays: 7
    }) { __typename }
  }`

const makeSealed = `
  mutation {
    createUserKey(input: {
      name: "sealed", usage: ENCRYPT_DECRYPT, type: SYMMETRIC, algorithm: AES_256_GCM,
      accessControl: { enabled: true, allowedSubjects: [] }
    }) { __typename }
    encrypt(input: { key: "sealed", plaintext: "eA==" }) { __typename }
  }`

const encryptMany = `
  mutation ($items: [EncryptBatchItemInput!]!) { encryptBatch(input: { items: $items }) { __typename } }`

const items = Array.from({ length: 60 }, (_, index) => ({
  key: 'orders',
  plaintext: 'eA==',
  context: [{ name: 'tenant', value: index % 2 === 0 ? 'acme' : 'globex' }],
}))

/** A series of an answer, as far as the test fills it. */
interface HourlySeries {
  readonly from: string
  readonly to: string
  points: object[]
}

const kinds = ['ENCRYPT', 'DECRYPT', 'GENERATE_DATA_KEY', 'SIGN', 'VERIFY', 'RE_ENCRYPT']

/** Gives a series a value for each hour and kind of operation: a server that runs for a minute has none. */
function fill(series: HourlySeries): void {
  const hours = (Date.parse(series.to) - Date.parse(series.from)) / 3_600_000
  series.points = Array.from({ length: hours }, (_, hour) =>
    kinds.map((operation, kind) => ({
      __typename: 'UsagePoint',
      start: new Date(Date.parse(series.from) + hour * 3_600_000).toISOString(),
      operation,
      succeeded: (500 + ((hour * 37) % 400)) / (kind + 1),
      denied: 0,
      failed: hour % 50 === 0 ? 20 : 0,
    })),
  ).flat()
}

/** In the page: notes how long each frame takes. */
const watchFrames = `
  window.frames90 = []
  let last = performance.now()
  const note = (now) => {
    window.frames90.push(now - last)
    last = now
    requestAnimationFrame(note)
  }
  requestAnimationFrame(note)`

/** In the page: the frames so far while the pointer moved, and how long it takes to draw all anew without one part. */
const measureRedraw = `
  (async () => {
    const sorted = window.frames90.toSorted((a, b) => a - b)
    const at = (share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))])
    const begin = performance.now()
    document.querySelector('.legend button').click()
    const scripted = performance.now() - begin
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    return {
      frames: sorted.length, medianMs: at(0.5), p95Ms: at(0.95), worstMs: at(1),
      scriptedMs: Math.round(scripted), redrawnMs: Math.round(performance.now() - begin),
    }
  })()`

describe.skipIf(cannotStart)('activity, use and what is due', () => {
  let console: ConsoleInBrowser
  const byRole = (role: Parameters<ConsoleInBrowser['page']['getByRole']>[0], name: string) =>
    console.page.getByRole(role, { name, exact: true })
  const rows = (table: string) => byRole('table', table).locator('tbody tr:not(.row-details)')

  /** Looks at what is shown with axe, wide and narrow. */
  async function fits() {
    expect(await console.violations()).toEqual([])
    await console.page.setViewportSize({ width: 360, height: 800 })
    expect(await console.scrollsSideways()).toBe(false)
    expect(await console.violations()).toEqual([])
    await console.page.setViewportSize({ width: 1280, height: 900 })
  }

  beforeAll(async () => {
    console = await openConsoleInBrowser()
    await console.switchTo('admin')
  })
  afterAll(() => console?.stop())

  it('the dashboard of an empty project says what to do first', async () => {
    await shows(console.page.locator('main'), 'Welcome to Keystead')
    await fits()
    await byRole('link', 'Create key').click()
    await byRole('heading', 'Create a user key').waitFor()
    await console.send('admin', makeKeys)
    await console.send('member', makeSealed)
    await console.send('admin', encryptMany, { items })
    await console.send('admin', 'mutation { sign(input: { key: "orders", message: "eA==" }) { __typename } }')
    await console.send(
      'agent',
      'mutation { encryptWithServiceKey(input: { plaintext: "eA==" }) { __typename } }',
    )
  })

  it('the dashboard counts keys, and each count leads to the list of just these', async () => {
    const { page, sent } = console
    // Uses are counted some time later, which is no change that the page hears of.
    const neverUsed = 'query { userKeys(filter: { neverUsed: true }) { totalCount } }'
    await expect
      .poll(
        async () =>
          (await console.send<{ userKeys: { totalCount: number } }>('admin', neverUsed)).userKeys.totalCount,
        patience,
      )
      .toBe(3)
    sent.length = 0
    await console.goTo('/', 'Dashboard')
    await shows(page.locator('main'), 'Rotation due within 7 days')
    await shows(
      page.locator('.counted'),
      /1Active, but unable to protect new data0Near the limit.*3Never used/,
    )
    await shows(page.locator('.recent'), 'Encrypt for a service')
    // One document, which may be asked again when keys change meanwhile.
    const asked = new Set(sent.map(({ operationName }) => operationName))
    expect([...asked].filter((name) => name !== 'Viewer' && name !== 'UserKeysChanged')).toEqual([
      'Dashboard',
    ])
    await fits()
    const counted = await page
      .locator('a.figure[href^="/user-keys"], .counted li:has(a), .shares li')
      .evaluateAll((all) =>
        all.map((each) => ({
          href: (each.closest('a') ?? each.querySelector('a'))?.getAttribute('href') ?? '',
          count: Number((each.querySelector('strong') ?? each.querySelector('.badge'))?.textContent),
        })),
      )
    expect(counted.map(({ count }) => count)).toEqual([5, 1, 3, 0, 1, 1, 1, 3, 1, 2, 1, 1])
    for (const { href, count } of counted) {
      await console.goTo(href, 'User keys')
      await expect.poll(() => page.locator('tbody th[scope="row"]').count()).toBe(count)
    }
  })

  it('what is due is shown with how soon, and leads to the key', async () => {
    const { page } = console
    await console.goTo('/upcoming', 'Upcoming')
    await shows(rows('Upcoming'), /orders.*Rotation.*in \d days/)
    await shows(rows('Upcoming'), /blocked.*Destruction.*of version 2.*in 7 days/)
    await fits()
    await page.getByRole('combobox', { name: 'Within', exact: true }).selectOption('7')
    expect(new URL(page.url()).search).toBe('?days=7')
    await byRole('link', 'orders').click()
    await byRole('heading', 'orders').waitFor()
  })

  it('the trail is narrowed by filters that are in the address, and read page by page', async () => {
    const { page } = console
    await console.goTo('/activity', 'Activity')
    await shows(rows('Activity'), 'Encrypt for a service')
    await fits()

    await byRole('button', 'Outcome: All').click()
    await byRole('menuitemcheckbox', 'Failed').click()
    await page.keyboard.press('Escape')
    await expect.poll(() => rows('Activity').count()).toBe(1)
    await shows(rows('Activity'), /Sign.*Failed.*Key is for another use.*user:ada.*orders/)
    expect(page.url()).toContain('?outcome=FAILED')

    await byRole('button', 'Details: Sign').click()
    await shows(page.locator('.row-details'), /Request ID.*Network address127\.0\.0\.1/)
    await fits()
    await byRole('button', 'Only of orders').click()
    await byRole('button', 'Clear filters').click()

    await page.getByRole('textbox', { name: 'Context', exact: true }).fill('tenant=acme')
    await byRole('button', 'Apply').click()
    await expect.poll(() => rows('Activity').count()).toBe(30)
    await page.goBack()
    await expect.poll(() => rows('Activity').count()).toBe(50)
    await page.getByRole('combobox', { name: 'Period', exact: true }).selectOption('day')
    await byRole('button', 'Next').click()
    await shows(rows('Activity'), /Create key.*orders/)
    // The cursor of a page is for its filter, so the end of the period must be the same after a reload.
    await page.reload()
    await console.switchTo('admin')
    await shows(rows('Activity'), /Create key.*orders/)
    await byRole('button', 'Previous').click()
    await shows(rows('Activity'), 'Encrypt for a service')

    await page.getByRole('combobox', { name: 'By', exact: true }).fill('robot:1')
    await byRole('button', 'Apply').click()
    await shows(page.getByRole('alert'), 'actor must be a subject')
    expect(await page.locator('.banner').count()).toBe(0)
    await byRole('button', 'Clear filters').click()
    await shows(rows('Activity'), 'Encrypt for a service')
  })

  it('what the filter finds is saved as CSV, without what is hidden', async () => {
    const { page } = console
    await console.goTo('/activity?action=ENCRYPT', 'Activity')
    await byRole('button', 'Export CSV').first().click()
    const dialog = byRole('dialog', 'Export as CSV')
    await shows(dialog, '60 events match the filters.')
    expect(await console.violations()).toEqual([])
    const download = page.waitForEvent('download')
    await dialog.getByRole('button', { name: 'Export CSV', exact: true }).click()
    const file = await download
    expect(file.suggestedFilename()).toMatch(/^keystead-activity-.*\.csv$/)
    const text = readFileSync(await file.path(), 'utf8')
    expect(text.startsWith('\ufeffoccurredAt,action,outcome,')).toBe(true)
    expect(text.match(/,ENCRYPT,SUCCEEDED,/g)).toHaveLength(60)
    expect(text).not.toContain('sealed')
    await dialog.waitFor({ state: 'detached' })
  })

  it('an export can be cancelled', async () => {
    const { page } = console
    let isAsked = () => {}
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    await page.route('**/graphql', async (route) => {
      if (!JSON.stringify(route.request().postDataJSON()).includes('"first":200')) return route.fallback()
      isAsked()
      await new Promise((resolve) => setTimeout(resolve, 300))
      return route.fallback()
    })
    const downloads: unknown[] = []
    page.on('download', (each) => downloads.push(each))
    await byRole('button', 'Export CSV').first().click()
    const dialog = byRole('dialog', 'Export as CSV')
    await shows(dialog, '60 events match the filters.')
    await dialog.getByRole('button', { name: 'Export CSV', exact: true }).click()
    await shows(dialog, '0 of 60 events')
    await asked
    const answered = page.waitForResponse((response) => response.url().endsWith('/graphql'))
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await answered
    await page.unrouteAll({ behavior: 'wait' })
    expect(downloads).toEqual([])
  })

  it('the page of a key shows its own trail, and who used it how much', async () => {
    const { page } = console
    await console.goTo('/user-keys/blocked/activity', 'blocked')
    await shows(rows('Activity'), /Schedule destruction/)
    await page.getByRole('spinbutton', { name: 'Version', exact: true }).fill('1')
    await byRole('button', 'Apply').click()
    await expect.poll(() => rows('Activity').count()).toBe(1)
    await fits()

    await console.goTo('/user-keys/orders/use', 'orders')
    await shows(page.locator('.figures'), /60.*Succeeded.*1.*Failed.*0.*Denied/)
    await shows(page.locator('.legend'), /Encrypt 60.*Failed or denied 1/)
    await shows(rows('Callers'), /user:ada.*Encrypt 60/)
    await shows(rows('Versions'), /Version 1.*default.*Active/)
    await page.getByText('Show as table', { exact: true }).click()
    await shows(rows('Operations over time'), /601$/)
    await page.locator('.chart-place').hover()
    // Where the pointer was before the window became narrower.
    await page.locator('.chart-values').evaluate((each) => {
      each.style.left = '3000px'
    })
    expect(await console.scrollsSideways()).toBe(false)
    await fits()
    await page.getByRole('combobox', { name: 'Parts', exact: true }).selectOption('outcome')
    await shows(page.locator('.legend'), /Succeeded 60.*Failed 1.*Denied 0/)
    await page.getByRole('combobox', { name: 'Period', exact: true }).selectOption('day')
    await expect.poll(() => new URL(page.url()).search).toBe('?by=outcome&period=day')
    await shows(page.locator('.legend'), /Succeeded 60/)
    await page.locator('a.figure').first().click()
    await expect.poll(() => rows('Activity').count()).toBe(50)
  })

  it('without the permission for the trail, only what the API allows is shown', async () => {
    const { page } = console
    await console.switchTo('member')
    await console.goTo('/activity', 'You may not see this page')
    await fits()
    await console.goTo('/', 'Dashboard')
    await shows(page.locator('main'), 'Rotation due within 7 days')
    await shows(page.locator('main'), /^(?!.*(Recent activity|Operations in)).*$/s)
    await console.goTo('/user-keys/orders/activity', 'orders')
    await shows(page.locator('.empty'), 'You may not read the activity of this key.')
    await console.goTo('/user-keys/orders/use', 'orders')
    await shows(page.locator('main'), 'How often and by whom the key is used is shown to its owner')
    await shows(rows('Versions'), 'Version 1')
    await fits()
    // Its owner reads the trail of a key without the permission for all of it.
    await console.goTo('/user-keys/sealed/activity', 'sealed')
    await shows(rows('Activity'), /Encrypt.*Succeeded.*user:max/)
    await console.goTo('/user-keys/sealed/use', 'sealed')
    await shows(page.locator('.legend'), 'Encrypt 1')
    expect(await page.locator('.banner').count()).toBe(0)
  })

  it('a chart of 90 days of hours is drawn', async () => {
    const { page } = console
    await page.route('**/graphql', async (route) => {
      const { operationName } = route.request().postDataJSON() as { operationName: string }
      if (operationName !== 'KeyUse') return route.fallback()
      const response = await route.fetch()
      const answer = (await response.json()) as { data: Record<string, HourlySeries> }
      for (const series of Object.values(answer.data)) fill(series)
      return route.fulfill({ response, json: answer })
    })
    await console.goTo('/user-keys/sealed/use?period=quarter&interval=hour', 'sealed')
    await shows(page.locator('.legend'), /Other operations/)
    const box = await page.locator('.chart-place').boundingBox()
    if (box === null) throw new Error('The chart is not shown.')
    await page.evaluate(watchFrames)
    for (let x = 60; x < box.width; x += 10) await page.mouse.move(box.x + x, box.y + 80)
    await page.mouse.move(box.x + box.width / 2, box.y + 80)
    await shows(page.locator('.chart-values'), 'Total')
    globalThis.console.log('90 days of hours, 6 parts:', JSON.stringify(await page.evaluate(measureRedraw)))
    await page.unrouteAll({ behavior: 'wait' })
  })

  it('the browser has nothing to complain about', () => {
    expect(console.complaints).toEqual([])
  })
})
