import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/auth/renewals.ts'
import { type Channel, ChannelError, openChannel, type Port } from '../../src/workers/channel.ts'
import { createRenewalDesk } from '../../src/workers/renewal-desk.ts'
import { renewalsThrough } from '../../src/workers/worker.ts'

/** Two ends that are connected as those of two processes: messages are copied, and arrive later. */
function createEnds(): { one: Port; other: Port; cut: () => void } {
  let isCut = false
  const [one, other] = [new EventEmitter(), new EventEmitter()]
  const portOf = (from: EventEmitter, to: EventEmitter): Port => ({
    send(message, done) {
      const copy = JSON.parse(JSON.stringify(message))
      setImmediate(() => {
        done(isCut ? new Error('gone') : null)
        if (!isCut) to.emit('message', copy)
      })
    },
    on: (event, receive) => from.on(event, receive),
  })
  return {
    one: portOf(one, other),
    other: portOf(other, one),
    cut() {
      isCut = true
    },
  }
}

const grantOf = (refreshToken: string): Grant => ({
  token: `for ${refreshToken}`,
  expiresInSeconds: 60,
  subject: 'ada',
  name: 'Ada',
  refreshToken,
})

function createWorkers(count: number) {
  const desk = createRenewalDesk()
  return Array.from({ length: count }, (_, worker) => {
    const { one, other, cut } = createEnds()
    openChannel(one, desk.handlersFor(worker))
    const channel: Channel = openChannel(other, {})
    return {
      renewals: renewalsThrough(channel),
      die() {
        cut()
        channel.close()
        desk.release(worker)
      },
    }
  })
}

describe('renewals of a login at several workers', () => {
  it('are done once, whichever workers are asked, and whichever of them die meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ worker: fc.nat(3), turns: fc.nat(6) }), { minLength: 1, maxLength: 12 }),
        fc.option(fc.nat(3)),
        async (asks, dying) => {
          const workers = createWorkers(4)
          let renewals = 0
          let isDead = false
          const turn = () => new Promise((resolve) => setImmediate(resolve))
          const asked = asks.map(async ({ worker, turns }) => {
            for (let n = 0; n < turns; n++) await turn()
            const grant = await workers[worker]?.renewals.share('digest', async () => {
              renewals++
              await turn()
              await turn()
              return grantOf(`renewed by ${worker}`)
            })
            return { worker, grant }
          })
          if (dying !== null) {
            await turn()
            workers[dying]?.die()
            isDead = true
          }
          const answers = await Promise.allSettled(asked)
          const grants = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
          // Without a death, the provider sees the refresh token once, and everyone gets the same grant.
          if (!isDead) {
            expect(renewals).toBe(1)
            expect(new Set(grants.map(({ grant }) => grant?.refreshToken)).size).toBe(1)
          }
          expect(grants.length).toBeGreaterThanOrEqual(asks.filter(({ worker }) => worker !== dying).length)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('are tried by the next one where the first fails, and forgotten with the session', async () => {
    const [one, other] = createWorkers(2)
    const failing = one?.renewals.share('digest', async () => {
      throw new TypeError('refused')
    })
    const next = other?.renewals.share('digest', async () => grantOf('second'))
    await expect(failing).rejects.toThrow('refused')
    expect(await next).toEqual(grantOf('second'))
    // A second may have passed since.
    const { expiresInSeconds: _, ...rest } = grantOf('second')
    expect(await one?.renewals.find('digest')).toMatchObject(rest)
    await one?.renewals.forget('second')
    expect(await other?.renewals.find('digest')).toBeNull()
  })
})

describe('a channel', () => {
  it('rejects what nobody answers, and leaves foreign messages alone', async () => {
    const { one, other, cut } = createEnds()
    openChannel(one, {
      fail: () => {
        throw new TypeError('no')
      },
    })
    const channel = openChannel(other, {})
    one.send({ cmd: 'NODE_other' }, () => {})
    await expect(channel.ask('fail')).rejects.toThrow(ChannelError)
    await expect(channel.ask('unknown')).rejects.toThrow(ChannelError)
    cut()
    await expect(channel.ask('fail')).rejects.toThrow('gone')
  })
})
