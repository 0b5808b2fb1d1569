import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { executablePath } from '../support/chromium.ts'
import { type ConsoleInBrowser, openConsoleInBrowser, shows } from '../support/console-in-browser.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

describe.skipIf(cannotStart)('the list of user keys in the console', () => {
  let console: ConsoleInBrowser

  beforeAll(async () => {
    console = await openConsoleInBrowser()
    await console.switchTo('admin')
  })
  afterAll(() => console?.stop())
  // Closes what a test that failed has left open.
  afterEach(() => console.page.keyboard.press('Escape'))

  const page = () => console.page
  /** Not a message about what was done, which is a dialog for the browser, too. */
  const dialog = () => page().locator('.dialog')
  const button = (name: string) => page().getByRole('button', { name, exact: true })
  const link = (name: string) => page().getByRole('link', { name, exact: true })
  const row = (name: string) =>
    page()
      .getByRole('row')
      .filter({ has: link(name) })
  const names = () => page().getByRole('rowheader').allInnerTexts()
  const chips = () => page().getByRole('list', { name: 'Filters', exact: true })
  const address = () => new URL(page().url()).search
  const goTo = (path: string) => console.goTo(path, 'User keys')
  const openMenu = async (name: string, action: string) => {
    await button(`Actions for ${name}`).click()
    await page().getByRole('menuitem', { name: action, exact: true }).click()
    await dialog().waitFor()
  }
  const create = (fields: string) =>
    `createUserKey(input: { ${fields} }) { ... on CreateUserKeyPayload { userKey { id defaultVersion { id } } } ... on UserError { message } }`

  /** What is the same at both widths: nothing serious for axe, and no scrolling of the page. */
  async function expectAccessible(): Promise<void> {
    expect(await console.violations()).toEqual([])
    const size = page().viewportSize()
    await page().setViewportSize({ width: 360, height: 800 })
    expect(await console.scrollsSideways()).toBe(false)
    expect(await console.violations()).toEqual([])
    if (size) await page().setViewportSize(size)
  }

  it('says what to do while there are no keys', async () => {
    await goTo('/user-keys')
    await page().getByText('This project has no keys yet.', { exact: true }).waitFor()
    expect(
      await page().getByRole('main').getByRole('link', { name: 'Create key', exact: true }).count(),
    ).toBe(2)
    await expectAccessible()
  })

  it('shows live what others create, with every column', async () => {
    await console.send(
      'admin',
      `mutation {
        a: ${create('name: "orders", description: "Seals orders.", algorithm: AES_256_GCM, labels: [{ name: "env", value: "prod" }], automaticRotation: { enabled: true, cycleDays: 90 }')}
        b: ${create('name: "receipts", usage: SIGN_VERIFY, algorithm: ED25519')}
        c: ${create('name: "payroll", description: "People only.", accessControl: { enabled: true }')}
        d: ${create('name: "draft", preActivation: true')}
        e: ${create('name: "stopped", algorithm: AES_128_GCM')}
      }`,
    )
    await console.send(
      'admin',
      'mutation { deactivateKeyVersion(input: { version: { key: "stopped", number: 1 } }) { __typename } }',
    )
    await shows(row('stopped'), 'Deactivated')
    const titles = (await page().getByRole('columnheader').allInnerTexts()).map((title) =>
      title.replace(/[↕▲▼]/, '').trim(),
    )
    expect(titles.filter((title) => title !== '' && title !== 'Actions')).toEqual([
      'Name',
      'Status',
      'ID',
      'Description',
      'Access control',
      'Type',
      'Usage',
      'Algorithm',
      'Default version',
      'Automatic rotation',
      'Last rotation',
      'Next rotation',
      'Created',
      'Created by',
    ])
    const cells = await row('orders').getByRole('cell').allInnerTexts()
    expect(cells.slice(1, -1).map((cell) => cell.trim())).toEqual([
      'Active',
      expect.stringMatching(/^ukey_…/),
      'Seals orders.',
      'Off',
      'Symmetric',
      'Encrypt and decrypt',
      'AES-256-GCM',
      '1',
      '90 days',
      'Never',
      expect.stringMatching(/\d{4}/),
      expect.stringMatching(/\d{4}/),
      'user:ada',
    ])
    expect(await row('receipts').textContent()).toContain('Not in use')
    await button('Copy ID of orders').click()
    expect(await page().evaluate(() => navigator.clipboard.readText())).toMatch(/^ukey_[0-9a-z]{26}$/)
    await expectAccessible()
  })

  it('warns where an active key cannot protect new data', async () => {
    const { rotateUserKey } = await console.send<{
      rotateUserKey: { userKey: { defaultVersion: { id: string } } }
    }>(
      'admin',
      'mutation { rotateUserKey(input: { key: "receipts" }) { ... on RotateUserKeyPayload { userKey { defaultVersion { id } } } } }',
    )
    await console.send(
      'admin',
      'mutation($id: ID!) { deactivateKeyVersion(input: { version: { id: $id } }) { __typename } }',
      { id: rotateUserKey.userKey.defaultVersion.id },
    )
    await shows(row('receipts'), 'Cannot protect new data')
    await shows(row('receipts'), 'Active')
    expect(await page().getByText('Cannot protect new data', { exact: true }).count()).toBe(1)
  })

  it('shows a key without access with its partial ID and a lock, and counts it apart', async () => {
    await console.switchTo('outsider')
    const payroll = row('payroll')
    await shows(payroll, 'No access')
    const text = await payroll.textContent()
    expect(text).toMatch(/ukey_…/)
    expect(text).not.toMatch(/Symmetric|AES|Cannot protect/)
    expect(await payroll.getByRole('checkbox').count()).toBe(0)
    await page().getByText('1 without access', { exact: true }).waitFor()
    await button('Actions for payroll').click()
    await expect.poll(() => page().getByRole('menuitem').allInnerTexts()).toEqual(['Open'])
    await page().keyboard.press('Escape')
    await expectAccessible()
    await console.switchTo('admin')
    await shows(row('payroll'), 'Active')
  })

  it('narrows by search and filters, which are in the address, and Back undoes them', async () => {
    await goTo('/user-keys')
    await row('payroll').waitFor()
    const before = console.sent.length
    await page().getByRole('searchbox').pressSequentially('People', { delay: 20 })
    await row('orders').waitFor({ state: 'detached' })
    await expect.poll(names).toEqual(['payroll'])
    expect(address()).toBe('?search=People')
    const asked = console.sent.slice(before).filter(({ operationName }) => operationName === 'UserKeyList')
    expect(asked.length).toBe(1)
    await page().goBack()
    await row('orders').waitFor()
    expect(await page().getByRole('searchbox').inputValue()).toBe('')

    await button('Algorithm: All').click()
    await page().getByRole('menuitemcheckbox', { name: 'AES-128-GCM', exact: true }).click()
    await page().getByRole('menuitemcheckbox', { name: 'ED25519', exact: true }).click()
    await page().keyboard.press('Escape')
    await row('orders').waitFor({ state: 'detached' })
    await expect.poll(async () => (await names()).toSorted()).toEqual(['receipts', 'stopped'])
    const states = page().getByRole('navigation', { name: 'Keys by status', exact: true })
    await states.getByRole('link', { name: 'Deactivated 1', exact: true }).click()
    await row('receipts').waitFor({ state: 'detached' })
    expect(address()).toBe('?algorithm=AES_128_GCM&algorithm=ED25519&status=DEACTIVATED')
    await chips().getByRole('button', { name: 'Remove filter Status: Deactivated', exact: true }).click()
    await row('receipts').waitFor()
    await button('Clear filters').click()
    await row('orders').waitFor()
    expect(address()).toBe('')
  })

  it('narrows by the rarer filters of a dialog, and says when nothing matches', async () => {
    await goTo('/user-keys')
    await row('payroll').waitFor()
    await button('More filters').click()
    await expectAccessible()
    const creator = dialog().getByRole('combobox', { name: 'Created by', exact: true })
    await creator.fill('nobody in particular')
    await page().keyboard.press('Escape')
    await dialog().getByRole('button', { name: 'Apply', exact: true }).click()
    await shows(dialog(), /must be a subject/i)
    await creator.fill('user:ada')
    await page().keyboard.press('Escape')
    await dialog()
      .getByRole('combobox', { name: 'Automatic rotation', exact: true })
      .selectOption({ label: 'On' })
    await dialog()
      .getByRole('combobox', { name: 'Can protect new data', exact: true })
      .selectOption({ label: 'Yes' })
    await dialog().getByLabel('Created from', { exact: true }).fill('2026-01-01')
    await dialog().getByRole('button', { name: 'Add label', exact: true }).click()
    await dialog().getByRole('textbox', { name: 'Name', exact: true }).fill('env')
    await dialog().getByRole('button', { name: 'Apply', exact: true }).click()
    await dialog().waitFor({ state: 'detached' })
    await expect.poll(names).toEqual(['orders'])
    await expect
      .poll(() => chips().getByRole('listitem').allInnerTexts())
      .toEqual([
        expect.stringContaining('Automatic rotation: On'),
        expect.stringContaining('Can protect new data: Yes'),
        expect.stringContaining('Created by: user:ada'),
        expect.stringContaining('Label: env'),
        expect.stringContaining('Created from: Jan 1, 2026'),
      ])
    await goTo('/user-keys?search=nothing-like-this')
    await page().getByText('No key matches these filters.', { exact: true }).waitFor()
    await page().getByRole('main').getByRole('button', { name: 'Clear filters', exact: true }).last().click()
    await row('payroll').waitFor()
  })

  it('sorts by a column and by the choice, and remembers the chosen columns', async () => {
    await goTo('/user-keys')
    await row('payroll').waitFor()
    await button('Name').click()
    await page().waitForURL(/sort=NAME/)
    await expect.poll(names).toEqual(['draft', 'orders', 'payroll', 'receipts', 'stopped'])
    await page()
      .getByRole('combobox', { name: 'Sort by', exact: true })
      .selectOption({ label: 'Next rotation, soonest first' })
    await expect.poll(async () => (await names())[0]).toBe('orders')
    expect(address()).toBe('?sort=NEXT_ROTATION&direction=ASC')

    await button('Columns').click()
    await dialog().getByRole('checkbox', { name: 'Labels', exact: true }).check()
    await dialog().getByRole('checkbox', { name: 'Description', exact: true }).uncheck()
    await dialog().getByRole('button', { name: 'Move Labels up', exact: true }).click()
    await dialog().getByRole('button', { name: 'Close', exact: true }).last().click()
    await page().reload()
    await console.switchTo('admin')
    await shows(row('orders'), 'env: prod')
    expect(await page().getByRole('columnheader', { name: 'Description', exact: true }).count()).toBe(0)
    await button('Columns').click()
    await dialog().getByRole('button', { name: 'Reset', exact: true }).click()
    await dialog().getByRole('button', { name: 'Close', exact: true }).last().click()
    await page().getByRole('columnheader', { name: 'Description', exact: true }).waitFor()
  })

  it('the menu of a row shows the public key, rotates, and deletes after the name is typed', async () => {
    await goTo('/user-keys')
    await openMenu('receipts', 'Public key')
    await shows(dialog(), 'BEGIN PUBLIC KEY')
    await expectAccessible()
    const [download] = await Promise.all([
      page().waitForEvent('download'),
      dialog().getByRole('button', { name: 'Download PEM', exact: true }).click(),
    ])
    expect(download.suggestedFilename()).toBe('receipts-v2.pem')
    await page().keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })

    await openMenu('orders', 'Rotate…')
    await shows(dialog(), 'Version 2 is generated and becomes the default version at once.')
    await expectAccessible()
    await dialog().getByRole('button', { name: 'Rotate key', exact: true }).click()
    await page().getByText('orders was rotated. Version 2 is the default.', { exact: true }).first().waitFor()
    await expect
      .poll(async () => (await row('orders').getByRole('cell').allInnerTexts())[8]?.trim())
      .toBe('2')

    await openMenu('draft', 'Delete…')
    await expectAccessible()
    const confirm = dialog().getByRole('button', { name: 'Delete key', exact: true })
    expect(await confirm.isDisabled()).toBe(true)
    await dialog().getByRole('textbox').fill('draft')
    await confirm.click()
    await row('draft').waitFor({ state: 'detached' })
    await button('Actions for orders').click()
    await expect.poll(() => page().getByRole('menuitem').allInnerTexts()).toEqual(['Open', 'Rotate…'])
    await page().keyboard.press('Escape')
  })

  it('changes selected keys together, and says how it went with each', async () => {
    await goTo('/user-keys')
    await row('payroll').waitFor()
    for (const name of ['orders', 'receipts', 'payroll']) {
      await page()
        .getByRole('checkbox', { name: `Select ${name}`, exact: true })
        .check()
    }
    expect(address()).toMatch(/^\?selected=ukey_\w+&selected=ukey_\w+&selected=ukey_\w+$/)
    await expectAccessible()
    await button('Deactivate…').click()
    await shows(dialog(), 'Deactivate the default versions of 2 keys')
    // What cannot be done is left out; what somebody changes meanwhile is refused.
    await shows(dialog(), '1 key is left out.')
    await expectAccessible()
    await console.send(
      'admin',
      'mutation { updateUserKey(input: { key: "payroll", description: "Changed." }) { __typename } }',
    )
    await dialog().getByRole('button', { name: 'Deactivate', exact: true }).click()
    await shows(dialog(), '1 changed, 1 refused.')
    await expectAccessible()
    const outcomes = dialog().getByRole('list', { name: 'Results', exact: true }).getByRole('listitem')
    expect(await outcomes.allInnerTexts()).toEqual([
      expect.stringMatching(/^Refused\s+payroll\s+The key has changed/),
      expect.stringMatching(/^Done\s+orders/),
    ])
    await dialog().getByRole('button', { name: 'Close', exact: true }).last().click()
    // The refused one stays selected.
    await page().getByText('1 selected', { exact: true }).waitFor()
    await shows(row('orders'), /Cannot protect new data|Deactivated/)
  })

  it('schedules the destruction of selected versions after their number is typed', async () => {
    await goTo('/user-keys')
    await row('stopped').waitFor()
    for (const name of ['orders', 'stopped']) {
      await page()
        .getByRole('checkbox', { name: `Select ${name}`, exact: true })
        .check()
    }
    await button('Schedule destruction…').click()
    await shows(dialog(), 'Schedule the destruction of 2 versions')
    await shows(dialog(), 'Last used: Never')
    await expectAccessible()
    const confirm = dialog().getByRole('button', { name: 'Schedule destruction', exact: true })
    expect(await confirm.isDisabled()).toBe(true)
    await dialog().getByRole('spinbutton').fill('3')
    await dialog().getByRole('textbox', { name: 'Type 2 to confirm', exact: true }).fill('2')
    await confirm.click()
    await shows(dialog(), 'All 2 keys were changed.')
    await dialog().getByRole('button', { name: 'Close', exact: true }).last().click()
    const { userKey } = await console.send<{
      userKey: { defaultVersion: { versionStatus: string; destroyScheduledFor: string } }
    }>('admin', '{ userKey(key: "stopped") { defaultVersion { versionStatus destroyScheduledFor } } }')
    expect(userKey.defaultVersion.versionStatus).toBe('DESTROY_SCHEDULED')
    const days = (Date.parse(userKey.defaultVersion.destroyScheduledFor) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(2.9)
    expect(days).toBeLessThan(3.1)
  })

  it('labels selected keys, and rotates them', async () => {
    await goTo('/user-keys')
    await row('stopped').waitFor()
    for (const name of ['orders', 'payroll']) {
      await page()
        .getByRole('checkbox', { name: `Select ${name}`, exact: true })
        .check()
    }
    await button('Labels…').click()
    await dialog().getByRole('checkbox', { name: 'env', exact: true }).check()
    await dialog().getByRole('button', { name: 'Add label', exact: true }).click()
    await dialog().getByRole('textbox', { name: 'Name', exact: true }).fill('team')
    await dialog().getByRole('textbox', { name: 'Value', exact: true }).fill('shop')
    await expectAccessible()
    await dialog().getByRole('button', { name: 'Change labels', exact: true }).click()
    await shows(dialog(), 'All 2 keys were changed.')
    await dialog().getByRole('button', { name: 'Close', exact: true }).last().click()
    await goTo('/user-keys?label=team%3Dshop')
    await row('stopped').waitFor({ state: 'detached' })
    await expect.poll(async () => (await names()).toSorted()).toEqual(['orders', 'payroll'])
    await page().getByRole('checkbox', { name: 'Select all on this page', exact: true }).check()
    await button('Rotate…').click()
    await shows(dialog(), 'Rotate 2 keys')
    await dialog().getByRole('button', { name: 'Rotate', exact: true }).click()
    await shows(dialog(), 'All 2 keys were changed.')
    await dialog().getByRole('button', { name: 'Close', exact: true }).last().click()
    await row('orders').getByText('Cannot protect new data', { exact: true }).waitFor({ state: 'detached' })
  })

  it('goes through pages by the address, and asks for each once', async () => {
    // A request may have 20 mutations.
    for (const tens of ['0', '1']) {
      const keys = Array.from(
        { length: 13 },
        (_, index) =>
          `k${index}: ${create(`name: "tenant-${tens}${String(index).padStart(2, '0')}", preActivation: true`)}`,
      )
      await console.send('admin', `mutation { ${keys.join(' ')} }`)
    }
    await goTo('/user-keys?search=tenant&sort=NAME&direction=ASC')
    await shows(page().getByRole('main'), '26 entries')
    // The page has heard of the keys that were just created, and asks for nothing more.
    let before = -1
    while (before !== console.sent.length) {
      before = console.sent.length
      await page().waitForTimeout(2000)
    }
    await button('Next').click()
    await row('tenant-112').waitFor()
    await expect.poll(names).toEqual(['tenant-112'])
    const asked = console.sent.slice(before).map(({ operationName }) => operationName)
    expect(asked).toEqual(['UserKeyList'])
    await page().goBack()
    await row('tenant-000').waitFor()
    await expect.poll(async () => (await names()).length).toBe(25)
  })

  it('shows nothing to those who may see no keys', async () => {
    await console.switchTo('agent')
    await page().getByRole('heading', { name: 'You may not see this page', exact: true }).waitFor()
    expect(await console.violations()).toEqual([])
  })

  it('the browser has nothing to complain about', () => {
    expect(console.complaints).toEqual([])
  })
})
