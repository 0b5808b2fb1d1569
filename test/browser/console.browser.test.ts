import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildConsole } from '../support/build-console.ts'
import { chromiumArguments, executablePath, patience } from '../support/chromium.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

/** The subject of each persona, which the page shows beside the choice. */
const subjects = {
  admin: 'user:ada',
  member: 'user:max',
  outsider: 'user:olga',
  agent: 'service-agent:Secrets Manager',
} as const

describe.skipIf(cannotStart)('the console', () => {
  let folder: string
  let server: ServerProcess
  let browser: BrowserContext
  let page: Page
  const complaints: string[] = []
  /** What the page asked for, as the server received it. */
  const sent: { documentId?: string; query?: string }[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keystead-console-'))
    buildConsole()
    server = await startServerProcess({ DATA_FOLDER: join(folder, 'data'), PORT: '0', LOG_LEVEL: 'warn' })
    browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath,
      args: chromiumArguments,
      viewport: { width: 1280, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    browser.setDefaultTimeout(patience.timeout)
    page = await browser.newPage()
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
    page.on('pageerror', (error) => void complaints.push(error.message))
    page.on('request', (request) => {
      if (request.url().endsWith('/graphql')) sent.push(request.postDataJSON())
    })
    await page.goto(server.url)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  })

  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const link = (name: string) => page.getByRole('link', { name, exact: true })
  const heading = (name: string) => page.getByRole('heading', { name, exact: true })
  const textbox = (name: string) => page.getByRole('textbox', { name, exact: true })
  const searchbox = () => page.getByRole('searchbox', { name: 'Name starts with', exact: true })
  const checkbox = (name: string) => page.getByRole('checkbox', { name, exact: true })
  const choice = (name: string) => page.getByRole('combobox', { name, exact: true })
  const days = (name: string) => page.getByRole('spinbutton', { name, exact: true })
  const section = (title: string) => page.getByRole('region', { name: title, exact: true })
  const row = (name: string) => page.getByRole('row').filter({ has: link(name) })
  const alert = () => page.getByRole('alert')
  const shows = (place: Locator, text: string | RegExp) => place.filter({ hasText: text }).waitFor()
  /** Waits for the list to say how many keys match its filter. */
  const counts = (keys: RegExp) => shows(page.getByRole('status'), keys)

  /** Goes on as somebody else; ends when the page says who that is. */
  async function switchTo(persona: keyof typeof subjects): Promise<void> {
    await choice('Persona').selectOption(persona)
    await page.getByRole('banner').getByText(subjects[persona], { exact: true }).waitFor()
  }

  /** Goes to the list of user keys; ends when it is filled. */
  async function openList(): Promise<void> {
    await link('User keys').click()
    await heading('User keys').waitFor()
    await counts(/^\d+ keys?$/)
  }

  /** Goes to the details of a key that is in the list; ends when they are shown. */
  async function openKey(name: string): Promise<void> {
    await openList()
    await link(name).click()
    await heading(name).waitFor()
    await section('Overview').waitFor()
  }

  /** Goes to the form for a new key; ends when it can be filled in. */
  async function openForm(): Promise<void> {
    await openList()
    await link('Create key').click()
    await heading('Create a user key').waitFor()
    await textbox('Name').waitFor()
  }

  /** Sends the form for a new key; ends when the details of the key are shown. */
  async function submitForm(name: string): Promise<void> {
    await button('Create key').click()
    await heading(name).waitFor()
    await section('Overview').waitFor()
  }

  /** Sends a document as a persona, beside the console. */
  async function send<T = unknown>(persona: string, query: string): Promise<T> {
    const { token } = (await (await fetch(`${server.url}/dev/tokens/${persona}`)).json()) as { token: string }
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
    })
    const result = (await answer.json()) as { data: T }
    expect(result).not.toHaveProperty('errors')
    return result.data
  }

  it('shows why a key could not be created at its form, and creates it when that is put right', async () => {
    await openForm()
    await textbox('Name').fill('Orders')
    await checkbox('Rotate automatically').check()
    await days('Cycle in days').fill('90')
    await checkbox('Only you and the subjects on a list have access').check()
    await textbox('Allowed subjects').fill('group:payments')
    await button('Create key').click()
    await shows(alert(), 'name')
    expect(await textbox('Name').getAttribute('aria-invalid')).toBe('true')

    await textbox('Name').fill('orders')
    await submitForm('orders')
    const overview = await section('Overview').textContent()
    expect(overview).toMatch(/ukey_/)
    expect(overview).toMatch(/Every 90 days/)
    expect(overview).toMatch(/next \d/)
    expect(overview).toMatch(/user:max/)
  })

  it('shows in its list what others do, without being asked', async () => {
    await openList()
    await row('orders').waitFor()
    await send(
      'admin',
      'mutation { createUserKey(input: { name: "seen-live", preActivation: true }) { __typename } }',
    )
    await row('seen-live').waitFor()
    const selected = 'userKey(key: "seen-live") { id }'
    const { userKey } = await send<{ userKey: { id: string } }>('admin', `{ ${selected} }`)
    const input = `{ key: "${userKey.id}", confirmName: "seen-live" }`
    await send('admin', `mutation { deleteUserKey(input: ${input}) { __typename } }`)
    await row('seen-live').waitFor({ state: 'detached' })
  })

  it('says that a name is taken', async () => {
    await openForm()
    await textbox('Name').fill('orders')
    await button('Create key').click()
    await shows(alert(), 'A key of the project has this name or alias')
    expect(await textbox('Name').getAttribute('aria-invalid')).toBe('true')
  })

  it('offers the algorithms that the server offers for a usage and a type', async () => {
    await openForm()
    await choice('Usage').selectOption({ label: 'Sign and verify' })
    expect(await choice('Type').locator('option').allInnerTexts()).toEqual(['Asymmetric'])
    const algorithms = await choice('Algorithm').locator('option').allInnerTexts()
    expect(algorithms.join()).toMatch(/Ed25519/)
    expect(algorithms.join()).not.toMatch(/AES|HMAC/)
  })

  it('lists a new key with all columns, without the page being loaded again', async () => {
    await openList()
    const cells = row('orders').getByRole('cell')
    await shows(cells.first(), 'Active')
    expect((await cells.allInnerTexts()).slice(0, 6)).toEqual([
      'Active',
      'Symmetric',
      'Encrypt and decrypt',
      'AES-256-GCM',
      'Keystead',
      '1',
    ])
    await shows(cells.last(), 'On')
  })

  it('shows the new default version after a rotation', async () => {
    await openKey('orders')
    await button('Rotate now').click()
    await shows(section('Versions').getByRole('row'), /2 \(default\)/)
    await shows(section('Overview'), /Default version\s*2/)
  })

  it('deactivates a version, tells who would miss it, schedules its destruction, and takes that back', async () => {
    await openKey('orders')
    const version = section('Versions')
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name: '1', exact: true }) })
    const status = (text: string) => version.getByText(text, { exact: true }).waitFor()
    await button('Deactivate version 1').click()
    await status('Deactivated')
    await button('Activate version 1').click()
    await status('Active')
    await button('Deactivate version 1').click()
    await button('Destroy… version 1').click()
    await shows(version.getByRole('status'), /Never used/)
    expect(await days('Waiting period in days').inputValue()).toBe('7')
    await button('Destroy version 1').click()
    await shows(version, /Destroy scheduled\s*on/)
    await button('Restore version 1').click()
    await status('Deactivated')
  })

  it('refuses to delete a key while a version is left', async () => {
    await openKey('orders')
    await shows(section('Delete'), 'when all its versions are destroyed')
    expect(await button('Delete key').count()).toBe(0)
  })

  it('changes the list of a key', async () => {
    await openKey('orders')
    const list = section('Access control').getByRole('list')
    await textbox('Subjects to add').fill('user:bob\nservice-agent:Secrets Manager')
    await button('Add subjects').click()
    await shows(list, 'service-agent:Secrets Manager')
    await button('Remove user:bob').click()
    await list.getByText('user:bob', { exact: true }).waitFor({ state: 'detached' })
    expect(await list.getByRole('listitem').count()).toBe(2)
    await textbox('Subjects to add').fill('bob')
    await button('Add subjects').click()
    await shows(section('Access control').getByRole('alert'), 'subjects')
  })

  it('limits an entry to an operation and a context until a date, and shows that', async () => {
    await openKey('orders')
    await textbox('Subjects to add').fill('service-account:billing')
    await checkbox('Limit what these subjects may do').check()
    await checkbox('Decrypt').check()
    await textbox('Required encryption context').fill('tenant=acme')
    await page.getByLabel('Expires', { exact: true }).fill('2099-12-31T10:00')
    await textbox('Note').fill('contract 4711')
    await button('Add subjects').click()
    const entry = section('Access control')
      .getByRole('listitem')
      .filter({ hasText: 'service-account:billing' })
    await shows(entry, 'May: View, Decrypt')
    expect(await entry.textContent()).toMatch(
      /With context: tenant=acme.*Until: 31 Dec 2099, 10:00.*Note: contract 4711/,
    )
    await button('Remove service-account:billing').click()
    await entry.waitFor({ state: 'detached' })
  })

  it('opens a key to everybody again, and clears its list', async () => {
    await send(
      'member',
      'mutation { createUserKey(input: { name: "open", accessControl: { enabled: true, allowedSubjects: ["user:bob"] } }) { ... on UserError { code } } }',
    )
    await openKey('open')
    await shows(section('Access control').getByRole('list'), 'user:bob')
    await button('Disable access control').click()
    await shows(section('Access control'), 'Off: everybody')
    await textbox('Allowed subjects').fill('group:payments')
    await button('Enable access control').click()
    await shows(section('Access control').getByRole('list'), 'group:payments')
    expect(await section('Access control').getByRole('listitem').count()).toBe(1)
  })

  it('transfers ownership, after which the former owner has no form for it', async () => {
    await openKey('open')
    await textbox('New owner').fill('ada')
    await button('Transfer ownership').click()
    await shows(section('Owner').getByRole('alert'), 'to')
    await textbox('New owner').fill('user:ada')
    await button('Transfer ownership').click()
    await shows(section('Overview'), /Owner\s*user:ada/)
    await section('Owner').waitFor({ state: 'detached' })
  })

  it('shows a key without access as such to another persona: in the list, and in its details', async () => {
    await openKey('orders')
    await switchTo('outsider')
    await shows(section('Overview'), 'No access')
    expect(await page.getByRole('region').count()).toBe(1)
    expect(await page.locator('main').textContent()).not.toMatch(/AES|ukey_[0-9a-z]{26}|group:payments/)

    await openList()
    await shows(row('orders'), 'No access')
    expect(await row('orders').getByRole('cell').allInnerTexts()).toEqual([
      expect.stringContaining('No access'),
      expect.stringMatching(/\d/),
      'user:max',
      'On',
    ])
    expect(await link('orders').getAttribute('href')).toMatch(/rkey_/)
    await openKey('orders')
    await shows(section('Overview'), 'No access')
    await switchTo('member')
  })

  it('warns who is about to lose access, and goes on when told to', async () => {
    await send(
      'member',
      'mutation { createUserKey(input: { name: "shared" }) { ... on UserError { code } } }',
    )
    await switchTo('admin')
    await openKey('shared')
    await button('Enable access control').click()
    await button('Go on, and lose my own access').waitFor()
    await shows(section('Access control'), 'Off: everybody')
    await button('Go on, and lose my own access').click()
    await shows(section('Overview'), 'No access')
    await openList()
    await shows(row('shared'), 'No access')
    await switchTo('member')
  })

  it('shows public keys, which can be copied, and audit events to those who may read them', async () => {
    await switchTo('admin')
    await openForm()
    await textbox('Name').fill('signing')
    await choice('Usage').selectOption({ label: 'Sign and verify' })
    await choice('Algorithm').selectOption('ED25519')
    await submitForm('signing')
    await button('Copy PEM').click()
    await button('Copied').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
    await shows(section('Audit events').getByRole('row'), 'Create user key')

    await button('Rotate now').click()
    await shows(section('Audit events').getByRole('row'), 'Rotate key')
    await switchTo('member')
    await section('Public key').waitFor()
    expect(await section('Audit events').count()).toBe(0)
    expect(await button('Rotate now').count()).toBe(0)
    expect(await section('Delete').count()).toBe(0)
  })

  it('goes through the pages of the list, and narrows it', async () => {
    const fields = Array.from(
      { length: 12 },
      (_, index) =>
        `k${index}: createUserKey(input: { name: "page-${String(index).padStart(2, '0')}", preActivation: true }) { ... on UserError { code } }`,
    )
    for (const field of fields) await send('member', `mutation { ${field} }`)
    await openList()
    await counts(/^16 keys$/)
    const names = () => page.getByRole('rowheader').allInnerTexts()
    const first = await names()
    await button('Next').click()
    await expect.poll(names, patience).toHaveLength(6)
    await button('Previous').click()
    await expect.poll(names, patience).toEqual(first)

    await searchbox().fill('page-1')
    await button('Search').click()
    await expect.poll(names, patience).toEqual(expect.arrayContaining(['page-10', 'page-11']))
    await counts(/^2 keys$/)
    await button('Show all').click()
    await choice('Status').selectOption('ACTIVE')
    await button('Search').click()
    await counts(/^4 keys$/)
    await button('Show all').click()
    await counts(/^16 keys$/)
  })

  it('deletes a key when its name has been typed', async () => {
    await openList()
    await searchbox().fill('page-00')
    await button('Search').click()
    await counts(/^1 key$/)
    await openKey('page-00')
    await button('Activate key').waitFor()
    await textbox('Type page-00 to delete the key').fill('page-0')
    expect(await button('Delete key').isDisabled()).toBe(true)
    await textbox('Type page-00 to delete the key').fill('page-00')
    await button('Delete key').click()
    await counts(/^0 keys$/)
  })

  it('shows service keys with their versions, and nothing to manage them with', async () => {
    await send(
      'agent',
      'mutation { encryptWithServiceKey(input: { plaintext: "aGk=" }) { ... on UserError { code } } }',
    )
    await switchTo('admin')
    await link('Service keys').click()
    await heading('Service keys').waitFor()
    await link('Secrets-manager').click()
    await heading('Secrets-manager').waitFor()
    await shows(section('Versions').getByRole('row'), /1 \(default\)/)
    await shows(section('Overview'), 'AES-256-GCM')
    expect(await page.locator('main').getByRole('button').count()).toBe(0)
  })

  it('fits on a screen of 400 pixels, in the list and in the details', async () => {
    await page.setViewportSize({ width: 400, height: 800 })
    const width = () => page.evaluate(() => document.documentElement.scrollWidth)
    expect(await width()).toBe(400)
    await openList()
    await searchbox().fill('signing')
    await page.keyboard.press('Enter')
    await counts(/^1 key$/)
    await row('signing').waitFor()
    expect(await width()).toBe(400)
    await openKey('signing')
    await section('Audit events').getByRole('rowheader').first().waitFor()
    expect(await width()).toBe(400)
  })

  it('sends its documents by their IDs, and none in full', () => {
    expect(sent.length).toBeGreaterThan(20)
    expect(sent.filter(({ documentId, query }) => documentId === undefined || query !== undefined)).toEqual(
      [],
    )
  })

  it('says in a banner what no form can put right', async () => {
    expect(complaints).toEqual([])
    await openList()
    await switchTo('agent')
    await shows(alert(), 'FORBIDDEN')
    await button('Dismiss').click()
    await alert().waitFor({ state: 'detached' })
  })
})
