import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { cannotRun } from '../support/skip.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

/** What npm says when the packages that Keystead needs can be had from nowhere. */
const noRegistry = /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH|NOTCACHED)\b/

/** npm itself waits for minutes where packets are dropped. */
const installTimeoutMs = 180_000

/** The package, installed where nothing else is. */
export interface InstalledPackage {
  /** The package's own folder below `node_modules`. */
  readonly folder: string
  /** The command as npm has linked it. */
  readonly command: string
  readonly launcher: string
  /** The Node that came with it. */
  readonly node: string
  remove(): void
}

/** Packs this checkout and installs the package in an empty folder, as a stranger does; null where no registry is. */
export async function installPackage(): Promise<InstalledPackage | null> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-package-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // Other users may look into it: one of them runs the server.
  chmodSync(folder, 0o755)
  try {
    const packing = ['pack', '--silent', '--pack-destination', folder]
    const { stdout } = await run('npm', packing, { cwd: root, env: npmEnvironment() })
    const tarball = stdout.trim().split('\n').at(-1)
    const network = ['--prefer-offline', '--fetch-retries=1', '--fetch-retry-mintimeout=1000']
    const options = [...network, '--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', ['install', ...options, `./${tarball}`], {
      cwd: folder,
      env: npmEnvironment(),
      timeout: installTimeoutMs,
    })
  } catch (error) {
    remove()
    const { stderr, killed } = error as { stderr?: string; killed?: boolean }
    const text = killed === true ? 'npm did not come to an end.' : String(stderr ?? error)
    if (killed !== true && !noRegistry.test(text)) throw error
    cannotRun(
      'The package in an empty folder',
      `No registry of packages can be reached: ${text.slice(0, 300)}`,
    )
    return null
  }
  const installed = join(folder, 'node_modules/keystead')
  return {
    folder: installed,
    command: join(folder, 'node_modules/.bin/keystead'),
    launcher: join(installed, 'bin/keystead.js'),
    node: join(folder, 'node_modules/node/bin/node'),
    remove,
  }
}

/** PATH as it is outside of this checkout, so that only the machine's own programs are found. */
export const machinePath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules') && !folder.includes('node-gyp-bin'))
  .join(delimiter)

/** Nothing of an npm that runs this test, but what it needs to reach a registry. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(npm_(package|lifecycle|command|execpath|node|config_(local_)?prefix)|INIT_CWD$|NODE$)/i
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(kept), PATH: machinePath }
}
