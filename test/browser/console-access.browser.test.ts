import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executablePath, patience } from '../support/chromium.ts'
import { type ConsoleInBrowser, openConsoleInBrowser, shows } from '../support/console-in-browser.ts'
import { cannotRun } from '../support/skip.ts'

const cannotStart =
  !existsSync(executablePath) && cannotRun('The console in a browser', `There is no ${executablePath}.`)

describe.skipIf(cannotStart)('access, public keys, import, roles and one’s own access in the console', () => {
  let console: ConsoleInBrowser
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keystead-console-access-'))
    console = await openConsoleInBrowser()
    await console.switchTo('admin')
  })
  afterAll(async () => {
    await console?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const button = (name: string) => console.page.getByRole('button', { name, exact: true })
  const section = (title: string) => console.page.getByRole('region', { name: title, exact: true })
  const dialog = () => console.page.locator('.dialog')
  const inDialog = (name: string) => dialog().getByRole('button', { name, exact: true })
  const row = (text: string) => console.page.getByRole('row').filter({ hasText: text })
  const field = (name: string) => console.page.getByLabel(name, { exact: true })
  const menuItem = (name: string) => console.page.getByRole('menuitem', { name, exact: true })
  const heading = (name: string) => console.page.getByRole('heading', { level: 1, name, exact: true })
  const closed = () => dialog().first().waitFor({ state: 'detached' })

  /** Types into a field for subjects, and chooses what it suggests. */
  async function choose(place: Locator, typed: string, subject = typed): Promise<void> {
    await place.fill(typed)
    await console.page.getByRole('option').filter({ hasText: subject }).first().click()
  }

  /** Creates a key as a persona; its ID. */
  async function createKey(persona: 'admin' | 'member', input: string): Promise<string> {
    const { createUserKey } = await console.send<{ createUserKey: { userKey?: { id: string } } }>(
      persona,
      `mutation { createUserKey(input: { ${input} }) { ... on CreateUserKeyPayload { userKey { id } } } }`,
    )
    if (createUserKey.userKey === undefined) throw new Error(`The key ${input} was refused.`)
    return createUserKey.userKey.id
  }

  /** The access list of a key as the server has it. */
  async function accessListOf(id: string) {
    const { userKey } = await console.send<{
      userKey: {
        accessControlEnabled: boolean
        accessList:
          | { subject: { id: string }; permissions: string[] | null; note: string; expired: boolean }[]
          | null
      }
    }>(
      'member',
      `{ userKey(key: "${id}") { accessControlEnabled accessList { subject { id } permissions note expired } } }`,
    )
    return userKey
  }

  /** Looks at what is shown with axe, wide and narrow; the page must not scroll sideways. */
  async function expectAccessible(): Promise<void> {
    const size = console.page.viewportSize()
    expect(await console.violations()).toEqual([])
    await console.page.setViewportSize({ width: 360, height: 800 })
    expect(await console.violations()).toEqual([])
    expect(await console.scrollsSideways()).toBe(false)
    if (size) await console.page.setViewportSize(size)
  }

  it('an access list is begun, added to, changed, narrowed and cleared, each with its consequences in words', async () => {
    const id = await createKey('admin', 'name: "orders"')
    const used = await console.send(
      'member',
      `mutation { encrypt(input: { key: "${id}", plaintext: "aGk=" }) { __typename } }`,
    )
    expect(used).toEqual({ encrypt: { __typename: 'EncryptPayload' } })
    await console.goTo(`/user-keys/${id}/access`, 'orders')
    await shows(section('Access control'), 'Everybody in the project has access')
    await expectAccessible()

    await button('Enable access control').click()
    // Who used the key is named, and can be let in.
    await shows(dialog(), /user:max.*encrypted once|user:max.*encrypted 1 time/)
    await expectAccessible()
    await button('Give access').click()
    await inDialog('Enable access control').click()
    await row('user:max').waitFor()

    await button('Add entry').click()
    await choose(dialog().getByRole('combobox', { name: 'Subject', exact: true }), 'service-account:billing')
    await dialog().getByText('Only some of it', { exact: true }).click()
    await dialog().getByLabel('Decrypt', { exact: true }).check()
    await inDialog('Add pair').click()
    await dialog().getByRole('textbox', { name: 'Name', exact: true }).fill('tenant')
    await dialog().getByRole('textbox', { name: 'Value', exact: true }).fill('acme')
    await dialog().getByLabel('Expires', { exact: true }).fill('2001-01-01T10:00')
    await dialog().getByLabel('Note', { exact: true }).fill('contract 4711')
    await expectAccessible()
    await inDialog('Add entry').click()
    // The refusal is at its field, once.
    const error = dialog().locator('.field-error').filter({ hasText: 'must be in the future' })
    await error.waitFor()
    expect(await error.count()).toBe(1)
    await dialog().getByLabel('Expires', { exact: true }).fill('2099-12-31T10:00')
    await inDialog('Add entry').click()
    await shows(row('service-account:billing'), /View, Decrypt.*tenant=acme.*2099.*contract 4711/)

    await button('Actions for service-account:billing').click()
    await menuItem('Change…').click()
    await dialog().getByLabel('Note', { exact: true }).fill('contract 4712')
    await inDialog('Save').click()
    await shows(row('service-account:billing'), 'contract 4712')
    // On a narrow screen each row is a card, without lines for what is empty.
    await console.page.setViewportSize({ width: 360, height: 800 })
    const note = (subject: string) => row(subject).locator('td[data-label="Note"]')
    await note('service-account:billing').waitFor()
    expect(await note('user:max').count()).toBe(1)
    expect(await note('user:max').isVisible()).toBe(false)
    await console.page.setViewportSize({ width: 1280, height: 900 })
    expect(await accessListOf(id)).toEqual({
      accessControlEnabled: true,
      accessList: [
        {
          subject: { id: 'service-account:billing' },
          permissions: ['VIEW', 'DECRYPT'],
          note: 'contract 4712',
          expired: false,
        },
        { subject: { id: 'user:max' }, permissions: null, note: '', expired: false },
      ],
    })

    await button('Actions for user:max').click()
    await menuItem('Remove…').click()
    await shows(dialog(), /user:max will no longer be able to see or use orders.*encrypted/)
    await expectAccessible()
    await inDialog('Cancel').click()
    await closed()
    await button('Actions for service-account:billing').click()
    await menuItem('Remove…').click()
    await inDialog('Remove entry').click()
    // A dialog hides the rows behind it.
    await closed()
    await row('service-account:billing').waitFor({ state: 'detached' })

    await button('Disable access control…').click()
    await shows(dialog(), /Everybody in the project demo.*access to orders.*Its entry is lost.*user:max/)
    await expectAccessible()
    await inDialog('Disable access control').click()
    await shows(section('Access control'), 'Everybody in the project has access')
    expect(await accessListOf(id)).toMatchObject({ accessControlEnabled: false, accessList: [] })
  })

  it('who would lose its own access must say that it knows, before and also where only the server sees it', async () => {
    const { page } = console
    const id = await createKey('member', 'name: "shared"')
    await console.goTo(`/user-keys/${id}/access`, 'shared')
    await button('Enable access control').click()
    await shows(dialog(), 'After this, you no longer have access to this key')
    await shows(dialog(), 'user:max')
    expect(await inDialog('Enable access control').isDisabled()).toBe(true)
    // With an entry of one’s own, there is nothing to ask.
    await choose(dialog().getByRole('combobox'), 'user:ada')
    await expect.poll(() => inDialog('Enable access control').isDisabled(), patience).toBe(false)
    await inDialog('Enable access control').click()
    await row('user:ada').waitFor()

    await button('Actions for user:ada').click()
    await menuItem('Remove…').click()
    await shows(dialog(), 'After this, you no longer have access to this key')
    await console.send(
      'member',
      `mutation { addAllowedSubjects(input: { key: "${id}", subjects: ["group:audit"] }) { __typename } }`,
    )
    await shows(dialog(), /Somebody else changed this key.*group:audit/)
    await dialog().getByLabel('I want to lose my own access', { exact: true }).check()
    await inDialog('Remove entry').click()
    // What has changed since was not confirmed: refused once, and then based on what is shown.
    await shows(dialog().getByRole('alert'), 'Somebody else')
    await inDialog('Remove entry').click()
    await heading('shared').waitFor()
    await shows(page.getByRole('status'), 'You have no access to this key')
    expect((await accessListOf(id)).accessList).toEqual([
      { subject: { id: 'group:audit' }, permissions: null, note: '', expired: false },
    ])
  })

  it('explains why somebody may do something, from an address that can be shared', async () => {
    const { page } = console
    const id = await createKey(
      'member',
      `name: "explained", accessControl: { enabled: true, allowedSubjects: ["user:ada", "group:payments"],
        entries: [{ subject: "service-account:ci", permissions: [ENCRYPT], context: [{ name: "tenant", value: "acme" }] }] }`,
    )
    const soon = new Date(Date.now() + 1000).toISOString()
    const ended = `{ subject: "user:former", expiresAt: "${soon}" }`
    await console.send(
      'member',
      `mutation { addAllowedSubjects(input: { key: "${id}", entries: [${ended}] }) { __typename } }`,
    )
    const isOver = async () => (await accessListOf(id)).accessList?.some(({ expired }) => expired)
    await expect.poll(isOver, patience).toBe(true)
    const why = section('Why can somebody do something, or why not?')
    await console.goTo(`/user-keys/${id}/access?who=user:olga&may=DECRYPT`, 'explained')
    await shows(why, /It depends whether user:olga may do this with explained: Decrypt/)
    await shows(why, /Only members of group:payments are on the access list/)
    await shows(row('user:former'), 'Expired')
    await shows(row('service-account:ci'), /View, Encrypt.*tenant=acme|Encrypt.*tenant=acme/)
    await expectAccessible()

    await field('Groups of the subject').selectOption('none')
    await button('Explain').click()
    await shows(why, /No, user:olga may not do this with explained: Decrypt/)
    await shows(why, 'user:olga sees only the name, the description and the creator of the key.')
    expect(new URL(page.url()).searchParams.get('group')).toBe('-')
    await field('Groups of the subject').selectOption('some')
    await field('Names of groups').fill('payments')
    await field('Roles in its token').selectOption('some')
    await button('Explain').click()
    await shows(why, /Yes, user:olga may do this with explained: Decrypt/)
    await shows(why, 'user:olga counts as a member of group:payments, which is on the access list.')
    await page.goBack()
    await shows(why, /No, user:olga may not do this/)

    await choose(field('Who'), 'service-account:ci')
    await field('Operation').selectOption('ENCRYPT')
    await field('Encryption context of the operation').selectOption('none')
    await field('Groups of the subject').selectOption('none')
    await button('Explain').click()
    await shows(
      why,
      'The entry of service-account:ci allows this only with its encryption context: tenant=acme.',
    )
    // What is wrong is said in its place, not in a banner.
    await console.goTo(`/user-keys/${id}/access?who=ci&may=ENCRYPT`, 'explained')
    await shows(why.getByRole('alert'), 'subject must be user:NAME')
    expect(await page.getByRole('alert').count()).toBe(1)
  })

  it('says to whoever has no access only that there is none, and shows nothing of the list', async () => {
    const { page } = console
    await console.switchTo('outsider')
    await console.goTo('/user-keys/explained', 'explained')
    const why = section('Why can I do something, or why not?')
    await field('Operation').selectOption('DECRYPT')
    await button('Explain').click()
    await shows(why, /No, user:olga may not do this with explained: Decrypt/)
    await shows(why, 'user:olga is neither the owner nor on the access list')
    expect(await page.locator('main').textContent()).not.toMatch(
      /AES|ukey_[0-9a-z]{26}|group:payments|tenant/,
    )
    await expectAccessible()
    await console.switchTo('admin')
  })

  it('gives the public keys of all versions, also as one set', async () => {
    const { page } = console
    const id = await createKey('admin', 'name: "signing", usage: SIGN_VERIFY, algorithm: ED25519')
    await console.send('admin', `mutation { rotateUserKey(input: { key: "${id}" }) { __typename } }`)
    await console.goTo(`/user-keys/${id}/public-keys`, 'signing')
    await section('Version 2').getByRole('button', { name: 'Copy PEM', exact: true }).click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
    await expectAccessible()
    const [download] = await Promise.all([page.waitForEvent('download'), button('Download JWKS').click()])
    expect(download.suggestedFilename()).toBe('signing.jwks.json')
    const { keys } = JSON.parse(readFileSync(await download.path(), 'utf8')) as {
      keys: { kid: string; d?: string }[]
    }
    expect(keys.map(({ kid }) => kid)).toEqual([
      expect.stringMatching(/^kver_/),
      expect.stringMatching(/^kver_/),
    ])
    expect(keys.some(({ d }) => d !== undefined)).toBe(false)
  })

  it('publishes public keys at an address, changes the terms, and says who fails before it ends that', async () => {
    const { page } = console
    const id = await createKey('admin', 'name: "tokens", usage: SIGN_VERIFY, algorithm: ED25519')
    await console.goTo(`/user-keys/${id}/public-keys`, 'tokens')
    const published = section('Published set')
    await shows(published, 'The public keys are not published.')
    await button('Publish…').click()
    await field('Longest lifetime of tokens, in minutes').fill('90')
    await field('Publish ahead, in hours').fill('721')
    await expectAccessible()
    await inDialog('Publish').click()
    await dialog().locator('[aria-invalid=true]').waitFor()
    await field('Publish ahead, in hours').fill('48')
    await field('Algorithm of tokens (alg)').selectOption('EdDSA')
    await inDialog('Publish').click()
    await closed()
    await shows(
      published,
      /Version 1 signs\..*Version 2 is next, and signs from .*48 hours.*90 minutes.*EdDSA/,
    )
    await expectAccessible()
    await published.getByRole('button', { name: 'Copy Address', exact: true }).click()
    const address = await page.evaluate(() => navigator.clipboard.readText())
    expect(address.startsWith(`${console.url}/jwks/`)).toBe(true)
    const { keys } = (await (await fetch(address)).json()) as { keys: { alg: string }[] }
    expect(keys.map(({ alg }) => alg)).toEqual(['EdDSA', 'EdDSA'])

    await button('Change…').click()
    await field('Publish ahead, in hours').fill('1')
    await shows(dialog().getByRole('alert'), 'Verifiers that keep the set for longer')
    await inDialog('Save').click()
    await closed()
    await shows(published, /1 hour/)

    // A rotation is too early, and goes on only with consent.
    await button('Rotate').click()
    await inDialog('Rotate key').click()
    await shows(dialog(), 'has not been published for long enough')
    await expectAccessible()
    await field('Rotate all the same').check()
    await inDialog('Rotate key').click()
    await closed()
    await shows(published, /Version 2 signs\..*Version 1 was replaced\. It stays until/)

    await button('Unpublish…').click()
    await shows(dialog(), `Verifiers that fetch the set from ${address} fail as soon as they fetch it again`)
    await expectAccessible()
    expect((await fetch(address)).status).toBe(200)
    await inDialog('Unpublish').click()
    await closed()
    await shows(published, 'The public keys are not published.')
    await expect.poll(async () => (await fetch(address)).status, patience).toBe(404)
  })

  it.each([
    ['AES_256_GCM', 'ENCRYPT_DECRYPT', 'openssl rand'],
    ['EC_P256', 'SIGN_VERIFY', 'openssl genpkey'],
  ])('imports material of %s with the commands that it shows', async (algorithm, usage, generator) => {
    const { page } = console
    const name = `brought-${algorithm.toLowerCase()}`
    const id = await createKey(
      'admin',
      `name: "${name}", usage: ${usage}, algorithm: ${algorithm}, origin: EXTERNAL`,
    )
    await console.goTo(`/user-keys/${id}/import`, name)
    await button('Get wrapping key').click()
    await section('2. Wrap the material').waitFor()
    await expectAccessible()
    await section('2. Wrap the material').getByText('Or generate a new key', { exact: true }).click()
    const commands = await section('2. Wrap the material').locator('pre').allInnerTexts()
    const generate = commands.find((text) => text.startsWith(generator)) ?? ''
    const wrap = commands.find((text) => text.includes('id-aes256-wrap-pad')) ?? ''
    const run = (script: string) => execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'pipe' })
    run(`${generate}\n${wrap}`)

    // Wrapped in another way: said at the field, and what was given stays usable.
    const wrapped = readFileSync(join(folder, 'wrapped.base64'), 'utf8')
    await field('Wrapped material').fill(`${'A'.repeat(20)}${wrapped.slice(20)}`)
    await button('Import version').click()
    await shows(section('3. Import what came out'), 'This does not unwrap.')
    // The address and the wrapping key outlive a reload.
    await page.reload()
    await console.switchTo('admin')
    await section('3. Import what came out').waitFor()
    writeFileSync(join(folder, 'wrapped.bin'), Buffer.from(wrapped, 'base64'))
    await page.locator('input[type=file]').setInputFiles(join(folder, 'wrapped.bin'))
    await expect.poll(() => field('Wrapped material').inputValue(), patience).toBe(wrapped)
    await button('Import version').click()
    await section('3. Import what came out').waitFor({ state: 'detached' })
    await page.getByText('Version 1 was imported and is now the default', { exact: true }).first().waitFor()
  })

  it('roles are bound, changed and unbound by administrators, and shown to nobody else', async () => {
    const { page } = console
    await console.goTo('/roles', 'Roles')
    await shows(page.locator('main'), 'No role is bound in this project')
    await button('Bind role').click()
    await choose(dialog().getByRole('combobox', { name: 'Subject', exact: true }), 'max', 'user:max')
    await dialog().getByLabel('Role', { exact: true }).selectOption('KMS_AUDITOR')
    await shows(dialog(), 'Changes and uses nothing.')
    await expectAccessible()
    await inDialog('Bind role').click()
    await shows(row('user:max'), 'KMS auditor')
    await expectAccessible()
    await button('Actions for user:max, KMS auditor').click()
    await menuItem('Change…').click()
    await dialog().getByLabel('Note', { exact: true }).fill('audit of the year')
    await inDialog('Save').click()
    await shows(row('user:max'), 'audit of the year')

    await page.getByRole('search').getByLabel('Role', { exact: true }).selectOption('KMS_USER')
    await shows(page.locator('main'), 'No binding matches the filter.')
    await page.goBack()
    await row('user:max').waitFor()

    // Bound roles of one’s own are shown as such.
    await console.switchTo('member')
    await console.goTo('/me', 'My access')
    await shows(section('My roles'), /Project member\s*From the token/)
    await shows(section('My roles'), /KMS auditor\s*Bound here/)
    await shows(section('What I may do'), /Read activity/)
    await shows(section('Who I am'), /payments/)
    await expectAccessible()
    await console.goTo('/roles', 'You may not see this page')
    expect(await page.locator('main').textContent()).not.toMatch(/user:/)
    await expectAccessible()

    await console.switchTo('admin')
    await console.goTo('/roles', 'Roles')
    await button('Actions for user:max, KMS auditor').click()
    await menuItem('Unbind…').click()
    await shows(dialog(), /user:max can no longer do what this role allows.*View keys and read the activity/)
    await expectAccessible()
    await inDialog('Unbind role').click()
    await row('user:max').waitFor({ state: 'detached' })
  })

  it('who gives up its own last bound administration must say so twice, and then sees the page no more', async () => {
    await console.send(
      'admin',
      'mutation { bindRole(input: { subject: "user:max", role: PROJECT_ADMIN }) { __typename } }',
    )
    await console.switchTo('member')
    await console.goTo('/roles', 'Roles')
    await button('Actions for user:max, Project administrator').click()
    await menuItem('Unbind…').click()
    await shows(dialog(), 'You have this role by this binding.')
    expect(await inDialog('Unbind role').isDisabled()).toBe(true)
    await dialog().getByLabel('I know, and want to lose this role myself', { exact: true }).check()
    await inDialog('Unbind role').click()
    await shows(dialog(), 'Afterwards nobody is bound to “Project administrator”')
    expect(await inDialog('Unbind role').isDisabled()).toBe(true)
    await expectAccessible()
    await dialog()
      .getByLabel('I know, and want the project to lose its bound administrator', { exact: true })
      .check()
    await inDialog('Unbind role').click()
    await heading('You may not see this page').waitFor()
    const { roleBindings } = await console.send<{ roleBindings: { totalCount: number } }>(
      'admin',
      '{ roleBindings { totalCount } }',
    )
    expect(roleBindings.totalCount).toBe(0)
  })

  it('a service without a role sees what it may do without one', async () => {
    const { page } = console
    await console.switchTo('agent')
    await console.goTo('/me', 'My access')
    await shows(section('What I may do'), 'You have no role')
    await shows(section('Who I am'), 'service-agent:Secrets Manager')
    await console.switchTo('admin')
    await page.getByRole('heading', { level: 1, name: 'My access', exact: true }).waitFor()
  })

  it('the browser has nothing to complain about', () => {
    expect(console.complaints).toEqual([])
  })
})
