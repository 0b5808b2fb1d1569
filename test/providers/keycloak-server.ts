import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../bench/free-port.ts'
import { askForTokens } from '../auth/log-in.ts'
import { realm, realmName } from './keycloak-realm.ts'

/** A server of Keycloak on loopback, with a realm of its own. */
export interface KeycloakServer {
  readonly issuer: string
  readonly tokenUrl: string
  readonly authorizeUrl: string
  start(): Promise<void>
  /** Stops it as an operator does. Its database remains. */
  stop(): Promise<void>
  /** Adds a signing key that new tokens are signed with; the old one stays published. Gives the IDs of all published keys. */
  addSigningKey(): Promise<readonly string[]>
}

/**
 * Runs a program until it ends, or until the standard input does: whatever ends the tests ends Keycloak, which consists of a
 * script and one or two processes of Java.
 */
const whileInputIsOpen =
  'exec 3<&0; "$@" & pid=$!; { cat <&3 >/dev/null; kill -TERM "$pid" 2>/dev/null; } & wait "$pid"'

/** How long it may take until Keycloak answers. */
const startMsMax = 480_000

/** Copies a distribution of Keycloak into a folder, with a realm to import. It is not started yet. */
export async function prepareKeycloak(distribution: string, folder: string): Promise<KeycloakServer> {
  const home = join(folder, 'keycloak')
  // Keycloak writes its database and what it has built into its own folder.
  cpSync(distribution, home, { recursive: true, filter: (source) => source !== join(distribution, 'data') })
  mkdirSync(join(home, 'data/import'), { recursive: true })
  writeFileSync(join(home, 'data/import/realm.json'), JSON.stringify(realm))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const issuer = `${url}/realms/${realmName}`
  const tokenUrl = `${issuer}/protocol/openid-connect/token`
  const administrator = { username: 'admin', password: randomBytes(16).toString('hex') }
  const output: string[] = []
  let running: ChildProcessWithoutNullStreams | undefined

  async function start(): Promise<void> {
    const options = [`--http-host=127.0.0.1`, `--http-port=${port}`, `--hostname=${url}`, '--import-realm']
    const command = [join(home, 'bin/kc.sh'), 'start-dev', ...options]
    const child = spawn('sh', ['-c', whileInputIsOpen, 'sh', ...command], {
      env: {
        ...process.env,
        // Halves the time of a start.
        JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
        KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
        KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
      },
    })
    running = child
    child.once('exit', () => child.stdin.destroy())
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => output.push(line))
    }
    const deadlineMs = performance.now() + startMsMax
    while (!(await isAnswering(issuer))) {
      if (child.exitCode !== null) throw new Error(`Keycloak ended:\n${output.slice(-20).join('\n')}`)
      if (performance.now() > deadlineMs) {
        throw new Error(`Keycloak does not answer:\n${output.slice(-20).join('\n')}`)
      }
      await sleep(250)
    }
  }

  async function administer(path: string, body?: object): Promise<Response> {
    const { access_token: token } = await askForTokens(`${url}/realms/master/protocol/openid-connect/token`, {
      grant_type: 'password',
      client_id: 'admin-cli',
      ...administrator,
    })
    const response = await fetch(`${url}/admin/realms/${realmName}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`Keycloak answers ${response.status}: ${await response.text()}`)
    return response
  }

  return {
    issuer,
    tokenUrl,
    authorizeUrl: `${issuer}/protocol/openid-connect/auth`,
    start,
    async stop() {
      if (running === undefined || running.exitCode !== null) return
      const exited = once(running, 'exit')
      running.stdin.end()
      await exited
    },
    async addSigningKey() {
      const { id } = (await (await administer('')).json()) as { id: string }
      await administer('/components', {
        name: 'newer-key',
        providerId: 'rsa-generated',
        providerType: 'org.keycloak.keys.KeyProvider',
        parentId: id,
        config: { priority: ['200'], enabled: ['true'], active: ['true'], algorithm: ['RS256'] },
      })
      const certs = await fetch(`${issuer}/protocol/openid-connect/certs`)
      const { keys } = (await certs.json()) as { keys: { kid: string; use: string }[] }
      return keys.filter(({ use }) => use === 'sig').map(({ kid }) => kid)
    },
  }
}

async function isAnswering(issuer: string): Promise<boolean> {
  try {
    return (await fetch(`${issuer}/.well-known/openid-configuration`)).ok
  } catch {
    return false
  }
}
