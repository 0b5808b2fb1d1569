import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executablePath } from '../support/chromium.ts'
import { type ConsoleInBrowser, openConsoleInBrowser, shows } from '../support/console-in-browser.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

describe.skipIf(cannotStart)('trying out a key in the console', () => {
  let console: ConsoleInBrowser

  const card = (name: string) => console.page.getByRole('region', { name, exact: true })
  const button = (within: Locator, name: string) => within.getByRole('button', { name, exact: true })
  const box = (within: Locator, name: string) => within.getByRole('textbox', { name, exact: true })
  const result = (within: Locator, what: string) =>
    within
      .locator('.code-block', {
        has: console.page.getByRole('button', { name: `Copy ${what}`, exact: true }),
      })
      .locator('pre')
  const heading = (level: number, name: string) =>
    console.page.getByRole('heading', { level, name, exact: true })

  async function createKey(input: object): Promise<string> {
    const { createUserKey } = await console.send<{ createUserKey: { userKey: { id: string } } }>(
      'member',
      'mutation ($input: CreateUserKeyInput!) { createUserKey(input: $input) { ... on CreateUserKeyPayload { userKey { id } } } }',
      { input },
    )
    return createUserKey.userKey.id
  }
  async function open(name: string, input: object): Promise<string> {
    const id = await createKey({ name, ...input })
    await console.goTo(`/user-keys/${id}/try-it`, name)
    await console.page.locator('h2').first().waitFor()
    return id
  }
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

  beforeAll(async () => {
    console = await openConsoleInBrowser()
    await console.switchTo('member')
  })
  afterAll(() => console?.stop())

  it('encrypts and decrypts text and files, with the encryption context', async () => {
    const { page } = console
    const id = await open('orders', { algorithm: 'AES_256_GCM' })
    const encrypt = card('Encrypt')
    const decrypt = card('Decrypt')
    await box(encrypt, 'Plaintext').fill('Grüße, Keystead')
    await button(encrypt, 'Add pair').click()
    await box(encrypt, 'Name').fill('tenant')
    await box(encrypt, 'Value').fill('acme')
    await button(encrypt, 'Encrypt').click()
    await result(encrypt, 'Ciphertext in Base64').waitFor()

    await button(encrypt, 'Decrypt it').click()
    expect(await box(decrypt, 'Value').inputValue()).toBe('acme')
    // The button has the focus already.
    await page.keyboard.press('Enter')
    await shows(result(decrypt, 'Plaintext as text'), 'Grüße, Keystead')
    await expectFit()
    await box(decrypt, 'Value').fill('other')
    await button(decrypt, 'Decrypt').click()
    await decrypt.getByRole('alert').waitFor()
    expect(await result(decrypt, 'Plaintext as text').count()).toBe(0)

    const bytes = Buffer.from([0, 1, 2, 254, 255])
    const choose = (name: string, buffer: Buffer) =>
      encrypt
        .locator('input[type=file]')
        .setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
    await choose('large.bin', Buffer.alloc(65_537))
    await shows(encrypt.getByRole('alert'), /65,537 bytes; at most 65,536/)
    await choose('small.bin', bytes)
    await shows(encrypt, 'small.bin (5 bytes)')
    await button(encrypt, 'Encrypt').click()
    await button(encrypt, 'Decrypt it').click()
    await page.keyboard.press('Enter')
    await shows(result(decrypt, 'Plaintext in hexadecimal'), '00 01 02 fe ff')
    const saved = page.waitForEvent('download')
    await button(decrypt, 'Download Plaintext').click()
    expect(readFileSync(await (await saved).path())).toEqual(bytes)
    await button(decrypt, 'Copy Plaintext in Base64').click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(bytes.toString('base64'))

    // Nothing of it is anywhere but on the page, and it goes with the page.
    expect(page.url()).toBe(`${console.url}/user-keys/${id}/try-it`)
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
    expect(stored).not.toMatch(/plaintext|ciphertext|acme|AAEC/i)
    await page.getByRole('link', { name: 'Overview', exact: true }).click()
    await page.getByRole('link', { name: 'Try it', exact: true }).click()
    await card('Decrypt').waitFor()
    expect(await box(card('Decrypt'), 'Ciphertext').inputValue()).toBe('')
    expect(await page.locator('.code-block').count()).toBe(0)
  })

  it('asks for the plaintext of a data key only where somebody wants to see it', async () => {
    const { page } = console
    await open('envelopes', { algorithm: 'AES_256_GCM' })
    const dataKey = card('Data key')
    await button(dataKey, 'Generate').click()
    await result(dataKey, 'Encrypted data key in Base64').waitFor()
    expect(await result(dataKey, 'Plaintext of the data key in Base64').count()).toBe(0)
    await dataKey.getByRole('checkbox').check()
    await button(dataKey, 'Generate').click()
    const plaintext = await result(dataKey, 'Plaintext of the data key in Base64').textContent()
    await button(dataKey, 'Decrypt it').click()
    await page.keyboard.press('Enter')
    await shows(result(card('Decrypt'), 'Plaintext in Base64'), plaintext ?? 'missing')
  })

  it('encrypts with RSA as much as its padding leaves, and decrypts with the version', async () => {
    const { page } = console
    await open('letters', { algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })
    const encrypt = card('Encrypt')
    await shows(encrypt, /at most 190 bytes/)
    expect(await button(encrypt, 'Add pair').count()).toBe(0)
    await box(encrypt, 'Plaintext').fill('x'.repeat(191))
    await button(encrypt, 'Encrypt').click()
    await encrypt.locator('.field-error').waitFor()
    await box(encrypt, 'Plaintext').fill('x'.repeat(190))
    await button(encrypt, 'Encrypt').click()
    await button(encrypt, 'Decrypt it').click()
    await page.keyboard.press('Enter')
    await shows(result(card('Decrypt'), 'Plaintext as text'), 'x'.repeat(190))
  })

  it('signs and verifies, and says what does not fit', async () => {
    const { page } = console
    await open('contracts', { algorithm: 'EC_P256', usage: 'SIGN_VERIFY' })
    const sign = card('Sign')
    const verify = card('Verify')
    await box(sign, 'Message').fill('I agree')
    await sign.getByRole('combobox', { name: 'Form of the signature', exact: true }).selectOption('P1363')
    await button(sign, 'Sign').click()
    await shows(sign, '64 bytes')
    await button(sign, 'Verify it').click()
    await page.keyboard.press('Enter')
    await shows(verify, /^.*Valid: it fits/s)
    await expectFit()
    await box(verify, 'Message').fill('I disagree')
    await button(verify, 'Verify').click()
    await shows(verify.getByRole('alert'), /Not valid/)
    await box(verify, 'Signature').fill('no Base64!')
    await button(verify, 'Verify').click()
    await shows(verify.locator('.field-error'), /Must be Base64/)
  })

  it('signs with each scheme of RSA', async () => {
    await open('receipts', { algorithm: 'RSA_2048', usage: 'SIGN_VERIFY' })
    const sign = card('Sign')
    await box(sign, 'Message').fill('Paid')
    const scheme = sign.getByRole('combobox', { name: 'Scheme', exact: true })
    await scheme.selectOption('RSASSA_PKCS1_V1_5_SHA_256')
    await button(sign, 'Sign').click()
    await button(sign, 'Verify it').click()
    await console.page.keyboard.press('Enter')
    await shows(card('Verify'), /Valid: it fits/)
  })

  it('generates and verifies codes, encapsulates and derives secrets', async () => {
    const { page } = console
    await open('webhooks', { algorithm: 'HMAC_SHA256', usage: 'GENERATE_VERIFY_MAC' })
    await box(card('Generate a MAC'), 'Message').fill('ping')
    await button(card('Generate a MAC'), 'Generate').click()
    await button(card('Generate a MAC'), 'Verify it').click()
    await page.keyboard.press('Enter')
    await shows(card('Verify a MAC'), /Valid: it fits/)
    expect(await console.violations()).toEqual([])

    await open('tunnels', { algorithm: 'ML_KEM_768', usage: 'KEY_ENCAPSULATION' })
    const encapsulate = card('Encapsulate')
    await button(encapsulate, 'Encapsulate').click()
    const secret = await result(encapsulate, 'Shared secret in Base64').textContent()
    await button(encapsulate, 'Decapsulate it').click()
    await page.keyboard.press('Enter')
    await shows(result(card('Decapsulate'), 'Shared secret in Base64'), secret ?? 'missing')
    expect(await console.violations()).toEqual([])

    await open('handshakes', { algorithm: 'X25519', usage: 'KEY_AGREEMENT' })
    const derive = card('Derive a shared secret')
    await button(derive, 'Derive a shared secret').click()
    await derive.locator('.field-error').waitFor()
    const { publicKey } = generateKeyPairSync('x25519')
    await box(derive, 'Public key of the other party').fill(
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    )
    await button(derive, 'Derive a shared secret').click()
    await shows(derive, '32 bytes')
    expect(await console.violations()).toEqual([])
  })

  it('offers what the viewer may do with the key, and nothing else', async () => {
    const list = async (entries: readonly object[]) =>
      createKey({
        name: `shared-${entries.length}-${JSON.stringify(entries).length}`,
        accessControl: { enabled: true, entries },
      })
    const subject = 'user:olga'
    const encrypts = await list([{ subject, permissions: ['VIEW', 'ENCRYPT'] }])
    const views = await list([{ subject, permissions: ['VIEW'] }])
    await console.switchTo('outsider')
    const visit = async (id: string) => {
      await console.page.evaluate((to) => history.pushState({}, '', to), `/user-keys/${id}/try-it`)
      await console.page.getByRole('link', { name: 'Try it', exact: true }).waitFor()
    }
    await visit(encrypts)
    await card('Encrypt').waitFor()
    await box(card('Encrypt'), 'Plaintext').fill('Hello')
    await button(card('Encrypt'), 'Encrypt').click()
    await result(card('Encrypt'), 'Ciphertext in Base64').waitFor()
    expect(await heading(2, 'Decrypt').count()).toBe(0)
    expect(await button(card('Encrypt'), 'Decrypt it').count()).toBe(0)
    await visit(views)
    await shows(console.page.locator('.empty'), /your roles and its access list allow no operation/)
    expect(await console.violations()).toEqual([])
    await console.switchTo('member')
  })

  it('the browser has nothing to complain about, and each operation was sent once', () => {
    expect(console.complaints).toEqual([])
    const operations = console.sent.filter(({ operationName = '' }) => operationName.startsWith('Try'))
    expect(operations.length).toBeGreaterThan(20)
    const texts = operations.map(({ variables, operationName }) => JSON.stringify([operationName, variables]))
    expect(texts.filter((text, at) => texts[at - 1] === text)).toEqual([])
  })
})
