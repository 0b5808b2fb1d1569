import { once } from 'node:events'
import { chmodSync, readFileSync, renameSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { openSocket } from '../subscriptions/socket-client.ts'
import { makeCertificate } from '../support/certificate.ts'
import { createTestDatabase } from '../support/databases.ts'
import { runDoctorHere } from '../support/run-here.ts'
import { startServerProcess } from '../support/server-process.ts'

describe('a server with a certificate', () => {
  it('serves HTTPS and wss, takes over a new certificate at SIGHUP, and keeps root keys that cannot be read again', async () => {
    const { dataFolder, dispose } = await createTestDatabase()
    onTestFinished(dispose)
    const certificate = join(dataFolder, 'tls.crt')
    const key = join(dataFolder, 'tls.key')
    const renew = () => {
      makeCertificate({ certificate, key }, 'DNS:localhost,IP:127.0.0.1')
      chmodSync(key, 0o600)
      return readFileSync(certificate)
    }
    let ca = renew()
    const metricsPort = await freePort()
    const settings = {
      DATA_FOLDER: dataFolder,
      PORT: '0',
      METRICS_PORT: String(metricsPort),
      TLS_CERT_FILE: certificate,
      TLS_KEY_FILE: key,
    }
    const server = await startServerProcess(settings)
    onTestFinished(async () => void (server.child.exitCode === null && (await server.stop('SIGKILL'))))
    expect(server.url).toMatch(/^https:/)

    async function get(path: string): Promise<{ status: number; body: unknown }> {
      const asked = request(`${server.url}${path}`, { ca, agent: false })
      asked.end()
      const [response] = await once(asked, 'response')
      return { status: response.statusCode, body: await json(response) }
    }
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
    const { token } = (await get('/dev/tokens/admin')).body as { token: string }
    const socket = await openSocket(server.url, { ca })
    expect(await socket.init(token)).toMatchObject({ type: 'connection_ack' })
    socket.send({
      type: 'subscribe',
      id: '1',
      payload: { query: 'subscription { userKeysChanged { listAgain } }' },
    })
    expect(await socket.next()).toMatchObject({ type: 'next', id: '1' })

    const checks = (await runDoctorHere({ ...settings, PORT: new URL(server.url).port })).checks
    expect(checks['server']?.result).toBe('ok')
    // The certificates of tests are valid for two days.
    expect(checks['certificate']?.result).toBe('warning')

    const expiry = async () => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
      return Number(/^keystead_tls_certificate_expiry_timestamp_seconds (\S+)$/m.exec(text)?.[1])
    }
    expect(await expiry()).toBeGreaterThan(Date.now() / 1000 + 86_400)

    renameSync(join(dataFolder, 'root.key'), join(dataFolder, 'root.key.away'))
    ca = renew()
    server.child.kill('SIGHUP')
    const output = () => server.output.join('\n')
    await expect.poll(output).toContain('a new certificate is used')
    await expect
      .poll(output)
      .toMatch(
        /"alert":"ROOT_KEY".+The root keys could not be read again, and those in memory stay in use: the root key file .+ is missing/,
      )
    expect(await get('/readyz')).toMatchObject({ status: 200 })
    renameSync(join(dataFolder, 'root.key.away'), join(dataFolder, 'root.key'))
    server.child.kill('SIGHUP')
    await expect.poll(output).toContain('the root keys were read again')
    // The subscription has gone on.
    expect(socket.socket.readyState).toBe(1)
    expect(await server.stop('SIGTERM')).toBe(0)
  })
})
