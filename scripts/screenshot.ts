// Makes the pictures of the console in docs/images. With a folder, makes one of each page there instead, in three widths, light
// and dark, to look at: `node scripts/screenshot.ts FOLDER`.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ConsoleInBrowser } from '../test/support/console-in-browser.ts'
import { openConsoleInBrowser } from '../test/support/console-in-browser.ts'

const images = join(import.meta.dirname, '../docs/images')
const keys = `mutation {
  a: createUserKey(input: { name: "backups", description: "Seals the nightly backups.", algorithm: AES_256_GCM, automaticRotation: { enabled: true, cycleDays: 90 }, labels: [{ name: "team", value: "platform" }] }) { __typename }
  b: createUserKey(input: { name: "orders", description: "Seals the orders of the shop.", accessControl: { enabled: true, allowedSubjects: ["user:max", "group:payments"] }, labels: [{ name: "team", value: "shop" }] }) { __typename }
  c: createUserKey(input: { name: "payroll", description: "For the people department alone.", accessControl: { enabled: true } }) { __typename }
  d: createUserKey(input: { name: "receipts", description: "Signs receipts.", usage: SIGN_VERIFY, algorithm: ED25519 }) { __typename }
  e: createUserKey(input: { name: "releases", description: "Signs what we ship.", algorithm: ML_DSA_65 }) { __typename }
  f: createUserKey(input: { name: "webhooks", description: "Codes of outgoing messages.", usage: GENERATE_VERIFY_MAC, algorithm: HMAC_SHA256 }) { __typename }
  g: createUserKey(input: { name: "archive-2025", description: "Read only.", algorithm: AES_256_GCM }) { __typename }
}`
const use = `mutation {
  a: encrypt(input: { key: "orders", plaintext: "aGVsbG8=" }) { __typename }
  b: encrypt(input: { key: "orders", plaintext: "aGVsbG8=" }) { __typename }
  c: rotateUserKey(input: { key: "orders" }) { __typename }
  d: encrypt(input: { key: "orders", plaintext: "aGVsbG8=" }) { __typename }
  e: sign(input: { key: "receipts", message: "aGVsbG8=" }) { __typename }
  f: rotateUserKey(input: { key: "archive-2025" }) { __typename }
  g: deactivateKeyVersion(input: { version: { key: "archive-2025", number: 2 } }) { __typename }
}`
const pages = [
  ...['/', '/user-keys', '/user-keys/new', '/service-keys', '/activity', '/upcoming', '/roles', '/me'],
  ...['', '/versions', '/rotation', '/access', '/use', '/activity', '/try-it'].map(
    (tab) => `/user-keys/orders${tab}`,
  ),
  '/user-keys/receipts/public-keys',
  '/nowhere',
]

const [folder] = process.argv.slice(2)
const console = await openConsoleInBrowser(
  { HOUSEKEEPING_INTERVAL_SECONDS: '1' },
  { viewport: { width: 1440, height: 860 } },
)
try {
  for (const document of [keys, use]) {
    const outcome = JSON.stringify(await console.send('admin', document))
    if (outcome.includes('Error')) throw new Error(`The data of the pictures could not be made: ${outcome}`)
  }
  // Uses are written with each round of housekeeping.
  await console.page.waitForTimeout(3000)
  if (folder === undefined) await takePictures(console)
  else await takeAll(console, folder)
} finally {
  await console.stop()
}

async function takePictures({ page, switchTo }: ConsoleInBrowser): Promise<void> {
  mkdirSync(images, { recursive: true })
  await switchTo('member')
  await open('/user-keys', 'payroll')
  await page.screenshot({ path: join(images, 'console.png') })
  await switchTo('admin')
  await page.emulateMedia({ colorScheme: 'dark' })
  await open('/', 'orders')
  await page.screenshot({ path: join(images, 'console-dashboard.png') })
}

async function takeAll({ page, switchTo, scrollsSideways }: ConsoleInBrowser, into: string): Promise<void> {
  mkdirSync(into, { recursive: true })
  await switchTo('admin')
  for (const width of [390, 1000, 1440]) {
    await page.setViewportSize({ width, height: 860 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const path of pages) {
        await open(path)
        const name = `${path.slice(1).replaceAll('/', '-') || 'dashboard'}-${width}-${colorScheme}.png`
        await page.screenshot({ path: join(into, name), fullPage: true })
        process.stdout.write(`${name}${(await scrollsSideways()) ? ' scrolls sideways' : ''}\n`)
      }
    }
  }
}

/** Goes to a page, and waits until it shows a text, or else for as long as a page takes. */
async function open(path: string, text?: string): Promise<void> {
  const { page } = console
  await page.evaluate((address) => history.pushState({}, '', address), path)
  await page.locator('h1').waitFor()
  if (text === undefined) await page.waitForTimeout(700)
  else await page.getByRole('main').getByText(text, { exact: true }).first().waitFor()
}
