import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executablePath } from '../support/chromium.ts'
import {
  type ConsoleInBrowser,
  openConsoleInBrowser,
  type Persona,
  shows,
} from '../support/console-in-browser.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

describe.skipIf(cannotStart)('creating a key in the console', () => {
  let console: ConsoleInBrowser
  let folder: string
  let token: string
  const title = 'Create a user key'

  const button = (name: string, within?: Locator) =>
    (within ?? console.page).getByRole('button', { name, exact: true })
  const box = (name: string, within?: Locator) =>
    (within ?? console.page).getByRole('textbox', { name, exact: true })
  const radio = (name: string) => console.page.getByRole('radio', { name, exact: true })
  const group = (name: string) => console.page.getByRole('group', { name, exact: true })
  const picker = (name: string) => console.page.getByRole('combobox', { name, exact: true })
  const step = (name: string) => console.page.getByRole('heading', { level: 2, name, exact: true })
  const card = (name: string) => console.page.getByRole('region', { name, exact: true })
  const code = (name: string) =>
    console.page.locator('.code-block', { has: button(`Copy ${name}`) }).locator('pre')

  async function next(name: string) {
    await button('Next').click()
    await step(name).waitFor()
  }

  /** Nothing serious for axe, and nothing that scrolls sideways, on a wide and on a narrow screen. */
  async function expectFit() {
    const { page } = console
    const size = page.viewportSize()
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 900 })
      expect(await console.violations()).toEqual([])
      expect(await console.scrollsSideways()).toBe(false)
    }
    if (size) await page.setViewportSize(size)
  }

  async function createKey(input: object, persona: Persona = 'member'): Promise<string> {
    const { createUserKey } = await console.send<{ createUserKey: { userKey: { id: string } } }>(
      persona,
      'mutation ($input: CreateUserKeyInput!) { createUserKey(input: $input) { ... on CreateUserKeyPayload { userKey { id } } } }',
      { input },
    )
    return createUserKey.userKey.id
  }

  const textOf = async (what: string) => (await code(what).textContent()) ?? ''
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { encoding: 'utf8', env: { ...process.env, KEYSTEAD_TOKEN: token } })

  /** The lines that a program writes which somebody saved as a file. */
  function runTypeScript(text: string): readonly string[] {
    writeFileSync(join(folder, 'example.ts'), text)
    return run(process.execPath, [join(folder, 'example.ts')])
      .trim()
      .split('\n')
  }
  /** The text with what is in angle brackets replaced, as a reader does. */
  const filled = (text: string, values: Readonly<Record<string, string>>) =>
    text.replaceAll(/<(\w+)>/g, (hole, name: string) => values[name] ?? hole)
  const publicKeyOfPeer = () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .publicKey.export({ type: 'spki', format: 'der' })
      .toString('base64')

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keystead-code-'))
    console = await openConsoleInBrowser()
    token = ((await (await fetch(`${console.url}/dev/tokens/member`)).json()) as { token: string }).token
    await console.switchTo('member')
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await console?.stop()
  })

  it('keeps the draft while somebody goes back and forth, and asks before it is lost', async () => {
    const { page } = console
    await console.goTo('/user-keys/new?step=access', title)
    await step('Basics').waitFor()
    await box('Name').fill('Orders')
    await button('Next').click()
    await shows(page.locator('.field-error'), /with a lowercase letter or a digit first/)
    expect(await box('Name').evaluate((field) => field === document.activeElement)).toBe(true)
    await expectFit()

    await box('Name').fill('orders')
    await box('Description').fill('Orders of the shop')
    await button('Add label').click()
    await box('Name', group('Label 1')).fill('team')
    await box('Value', group('Label 1')).fill('shop')
    await next('Configuration')
    expect(new URL(page.url()).search).toBe('?step=configuration')
    expect(await page.title()).toBe(`Configuration · ${title} – Keystead`)
    expect(await page.locator('[aria-current="step"]').textContent()).toBe('Configuration')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Configuration')
    await expectFit()

    await radio('Sign and verify').check()
    expect(await radio('ECC P-256').isChecked()).toBe(true)
    await shows(page.getByRole('status'), /A large quantum computer would break/)
    await radio('ML-DSA-65').check()
    await next('Rotation')
    await page.goBack()
    await step('Configuration').waitFor()
    expect(await radio('ML-DSA-65').isChecked()).toBe(true)
    await button('Back').click()
    await step('Basics').waitFor()
    expect(await box('Name').first().inputValue()).toBe('orders')
    expect(await box('Value', group('Label 1')).inputValue()).toBe('shop')

    const questions: string[] = []
    page.once('dialog', (dialog) => {
      questions.push(dialog.type())
      void dialog.accept()
    })
    await page.reload()
    await step('Basics').waitFor()
    expect(questions).toEqual(['beforeunload'])
    expect(await box('Name').inputValue()).toBe('')
    await console.switchTo('member')
  })

  it('creates a key with the access that was chosen', async () => {
    const { page } = console
    await console.goTo('/user-keys/new', title)
    await box('Name').fill('orders')
    await button('Add label').click()
    await box('Name', group('Label 1')).fill('team')
    await next('Configuration')
    await next('Rotation')
    await radio('Rotate automatically').check()
    const cycle = page.getByRole('spinbutton', { name: 'Cycle in days', exact: true })
    await cycle.fill('0')
    await button('Next').click()
    await page.locator('.field-error').waitFor()
    await cycle.fill('90')
    await expectFit()
    await next('Access control')

    const subjects = picker('Subjects with access')
    await subjects.pressSequentially('bob')
    await page.getByRole('option', { name: 'user:bob User', exact: true }).waitFor()
    await subjects.press('Enter')
    await subjects.press('Escape')
    await subjects.pressSequentially('pay')
    await page.getByRole('option', { name: 'group:payments Group', exact: true }).click()
    await subjects.pressSequentially('nobody:knows')
    // The list of suggestions closes; what was typed counts.
    await subjects.press('Escape')
    await button('Add limited access').click()
    await picker('Subject').fill('service-account:ci')
    await picker('Subject').press('Escape')
    await radio('Only some of it').check()
    await page.getByRole('checkbox', { name: 'Encrypt', exact: true }).check()
    await button('Add pair').click()
    await box('Name', group('Pair 1')).fill('tenant')
    await box('Value', group('Pair 1')).fill('acme')
    await box('Note').fill('nightly build')
    await expectFit()
    await next('Summary')
    await shows(card('Access control'), /Only with tenant=acme/)
    await expectFit()

    await button('Create key').click()
    await step('Access control').waitFor()
    await shows(page.locator('.field-error'), /must be user:NAME/)
    expect(await picker('Subjects with access').evaluate((field) => field === document.activeElement)).toBe(
      true,
    )
    await button('Remove nobody:knows').click()
    await next('Summary')
    await page.getByRole('link', { name: 'Edit: Basics', exact: true }).click()
    await box('Description').fill('Orders of the shop')
    for (const name of ['Configuration', 'Rotation', 'Access control', 'Summary']) await next(name)
    await button('Create key').click()
    await page.getByRole('heading', { level: 1, name: 'Key orders created', exact: true }).waitFor()
    await expectFit()

    const { userKey } = await console.send<{ userKey: Record<string, unknown> }>(
      'member',
      `{ userKey(key: "orders") {
        description labels { name value } algorithm owner { id } accessControlEnabled
        automaticRotation { enabled cycleDays } status
        accessList { subject { id } permissions context { name value } note }
      } }`,
    )
    expect(userKey).toEqual({
      description: 'Orders of the shop',
      labels: [{ name: 'team', value: '' }],
      algorithm: 'AES_256_GCM',
      owner: { id: 'user:max' },
      accessControlEnabled: true,
      automaticRotation: { enabled: true, cycleDays: 90 },
      status: 'ACTIVE',
      accessList: expect.arrayContaining([
        { subject: { id: 'user:bob' }, permissions: null, context: null, note: '' },
        { subject: { id: 'group:payments' }, permissions: null, context: null, note: '' },
        {
          subject: { id: 'service-account:ci' },
          permissions: ['VIEW', 'ENCRYPT'],
          context: [{ name: 'tenant', value: 'acme' }],
          note: 'nightly build',
        },
      ]),
    })

    // The draft is gone with the key that it has become.
    await page.getByRole('link', { name: 'Create another key', exact: true }).click()
    await step('Basics').waitFor()
    expect(await box('Name').inputValue()).toBe('')
  })

  it('leads to the name where it is taken, without losing anything', async () => {
    await createKey({ name: 'invoices' })
    await console.goTo('/user-keys/new', title)
    await box('Name').fill('invoices')
    for (const name of ['Configuration', 'Rotation', 'Access control']) await next(name)
    await radio('Roles alone decide').check()
    await next('Summary')
    await button('Create key').click()
    await step('Basics').waitFor()
    await shows(console.page.locator('.field-error'), /has this name or alias/)
    await expectFit()
    await box('Name').fill('invoices-2')
    for (const name of ['Configuration', 'Rotation', 'Access control']) await next(name)
    expect(await radio('Roles alone decide').isChecked()).toBe(true)
    await console.switchTo('outsider')
    await console.goTo('/user-keys/new', title)
    expect(await box('Name').inputValue()).toBe('')
    await console.switchTo('member')
  })

  it('offers no rotation for imported material, and says that it is awaited', async () => {
    const { page } = console
    await console.goTo('/user-keys/new', title)
    await box('Name').fill('imported')
    await next('Configuration')
    await radio('Imported').check()
    await next('Access control')
    expect(await page.getByRole('listitem').filter({ hasText: 'Rotation' }).count()).toBe(0)
    await next('Summary')
    await button('Create key').click()
    await page.getByRole('heading', { level: 1, name: 'Key imported created', exact: true }).waitFor()
    await page.getByRole('link', { name: 'Import material', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'imported', exact: true }).waitFor()
    expect(page.url()).toMatch(/\/import$/)
  })

  const examples = [
    { usage: 'ENCRYPT_DECRYPT', algorithm: 'AES_256_GCM', operations: ['encrypt', 'decrypt'] },
    { usage: 'ENCRYPT_DECRYPT', algorithm: 'RSA_2048', operations: ['encrypt', 'decrypt'] },
    { usage: 'SIGN_VERIFY', algorithm: 'ED25519', operations: ['sign', 'verify'] },
    { usage: 'GENERATE_VERIFY_MAC', algorithm: 'HMAC_SHA256', operations: ['generateMac', 'verifyMac'] },
    { usage: 'KEY_ENCAPSULATION', algorithm: 'ML_KEM_768', operations: ['encapsulate', 'decapsulate'] },
    { usage: 'KEY_AGREEMENT', algorithm: 'EC_P256', operations: ['deriveSharedSecret'] },
  ] as const

  it.each(examples)('shows code that works for $usage with $algorithm', async (example) => {
    const { page } = console
    const { usage, algorithm, operations } = example
    const name = `code-${algorithm.toLowerCase().replaceAll('_', '-')}`
    const id = await createKey({ name, usage, algorithm })
    await console.goTo(`/user-keys/new?step=done&key=${id}`, `Key ${name} created`)

    const [first, second] = runTypeScript(await textOf(`TypeScript: ${operations.join(', ')}`))
    expect(first).toMatch(/^[A-Za-z0-9+/]+=*$/)
    if (usage === 'ENCRYPT_DECRYPT') expect(second).toBe('Hello')
    if (usage === 'KEY_ENCAPSULATION') expect(second).toBe(first)
    if (usage === 'SIGN_VERIFY' || usage === 'GENERATE_VERIFY_MAC') expect(second).toBe('true')

    await button('curl').click()
    let known: Record<string, string> = { peerPublicKey: publicKeyOfPeer() }
    for (const operation of operations) {
      const command = filled(await textOf(`curl: ${operation}`), known)
      const { data } = JSON.parse(run('bash', ['-c', command])) as { data: Record<string, object> }
      expect(data[operation]).not.toHaveProperty('code')
      known = { ...known, ...data[operation] }
    }

    await button('GraphQL').click()
    for (const operation of operations) {
      const [text = '', variables = ''] = filled(await textOf(`GraphQL: ${operation}`), known).split(
        '# Variables',
      )
      const answer = await console.send('member', text, JSON.parse(variables.replaceAll('# ', '')) as object)
      expect(answer[operation]).not.toHaveProperty('code')
    }
    await page.getByRole('link', { name: 'Try it', exact: true }).click()
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
    await shows(page.getByRole('status'), /Operations run with the real key/)
    expect(await console.violations()).toEqual([])
  })

  it('does not offer the wizard to somebody who may create no keys', async () => {
    await console.switchTo('agent')
    await console.goTo('/user-keys/new', 'You may not see this page')
    expect(await console.violations()).toEqual([])
    await console.switchTo('member')
  })
})
