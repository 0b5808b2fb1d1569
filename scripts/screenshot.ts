// Makes docs/images/console.png: the console, as somebody sees it who is on one key's list only.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { buildConsole } from '../test/support/build-console.ts'
import { chromiumArguments, executablePath } from '../test/support/chromium.ts'
import { startServerProcess } from '../test/support/server-process.ts'

const picture = join(import.meta.dirname, '../docs/images/console.png')
const document = `mutation {
  a: createUserKey(input: { name: "backups", description: "Seals the nightly backups.", algorithm: AES_256_GCM, automaticRotation: { enabled: true, cycleDays: 90 } }) { __typename }
  b: createUserKey(input: { name: "orders", description: "Seals the orders of the shop.", accessControl: { enabled: true, allowedSubjects: ["group:payments"] } }) { __typename }
  c: createUserKey(input: { name: "payroll", description: "For the people department alone.", accessControl: { enabled: true } }) { __typename }
  d: createUserKey(input: { name: "receipts", description: "Signs receipts.", usage: SIGN_VERIFY, algorithm: ED25519 }) { __typename }
  e: createUserKey(input: { name: "releases", description: "Signs what we ship.", algorithm: ML_DSA_65 }) { __typename }
}`

const folder = mkdtempSync(join(tmpdir(), 'keystead-picture-'))
buildConsole()
const server = await startServerProcess({ DATA_FOLDER: join(folder, 'data'), PORT: '0', LOG_LEVEL: 'warn' })
const browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
  executablePath,
  args: chromiumArguments,
  viewport: { width: 1180, height: 640 },
})
try {
  const answer = await fetch(`${server.url}/dev/tokens/admin`)
  const { token } = (await answer.json()) as { token: string }
  const made = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: document }),
  })
  if ((await made.text()).includes('Error')) throw new Error('the keys of the picture could not be made')
  const page = await browser.newPage()
  await page.goto(server.url)
  await page.getByLabel('Persona').selectOption('member')
  await page.getByRole('row').filter({ hasText: 'payroll' }).waitFor()
  mkdirSync(join(picture, '..'), { recursive: true })
  await page.screenshot({ path: picture })
} finally {
  await browser.close()
  await server.stop('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
