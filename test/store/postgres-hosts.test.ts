import { describe, expect, it } from 'vitest'
import { createHostChoice } from '../../src/store/postgres/hosts.ts'
import type { ServerState } from '../../src/store/postgres/session.ts'

const hosts = [
  { name: 'one', port: 5432 },
  { name: 'two', port: 5432 },
  { name: 'three', port: 5432 },
]
const standby = { isReadOnly: true, timeline: 0 }
const primary = (timeline: number): ServerState => ({ isReadOnly: false, timeline })
const refusal = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

/** A choice between three servers, which answer probes as they are told to. */
function startChoice(...answers: (ServerState | Error)[]) {
  const states = [...answers]
  const probed: string[] = []
  const chosen: string[] = []
  const choice = createHostChoice({
    hosts,
    async probe(host) {
      probed.push(host.name)
      const answer = states[hosts.indexOf(host)]
      if (answer === undefined || answer instanceof Error) throw answer
      return answer
    },
    onChosen: ({ name }) => void chosen.push(name),
  })
  const now = (...changed: (ServerState | Error)[]) => void states.splice(0, states.length, ...changed)
  return { choice, probed, chosen, now, choose: async () => (await choice.choose()).name }
}

describe('of several database servers', () => {
  it('the one that takes changes is chosen, and kept without asking again', async () => {
    const { choose, probed } = startChoice(standby, primary(1), refusal)
    expect(await Promise.all([choose(), choose(), choose()])).toEqual(['two', 'two', 'two'])
    expect(await choose()).toBe('two')
    expect(probed).toEqual(['one', 'two', 'three'])
  })

  it('another one is chosen when there is doubt and it was promoted, and everybody is told', async () => {
    const { choice, choose, now, chosen } = startChoice(primary(1), standby, standby)
    await choose()
    now(refusal, standby, primary(2))
    expect(await choose()).toBe('one')
    choice.doubt({ name: 'two', port: 5432 })
    expect(await choose()).toBe('one')
    choice.doubt(await choice.choose())
    expect(await choose()).toBe('three')
    expect(chosen).toEqual(['one', 'three'])
  })

  it('the same one is kept after a doubt that was wrong, also where an earlier one takes changes too', async () => {
    const { choice, choose, now } = startChoice(standby, primary(1), standby)
    choice.doubt(await choice.choose())
    now(primary(1), primary(1), standby)
    expect(await choose()).toBe('two')
  })

  it('of two that take changes the one that was promoted last is chosen', async () => {
    const { choose } = startChoice(primary(3), primary(10), primary(9))
    expect(await choose()).toBe('two')
  })

  it('a former primary that came back by itself is not chosen, also where it is the only one', async () => {
    const { choice, choose, now } = startChoice(refusal, primary(2), standby)
    choice.doubt(await choice.choose())
    now(primary(1), refusal, standby)
    await expect(choose()).rejects.toThrow(
      'no host takes changes (host 1: it is a former primary, host 2: ECONNREFUSED, host 3: it takes no changes)',
    )
    expect(() => choice.judge(primary(1))).toThrow('former primary')
    now(primary(1), primary(2), standby)
    expect(await choose()).toBe('two')
  })

  it('none is chosen where none takes changes, and the next attempt asks again', async () => {
    const { choose, now } = startChoice(standby, refusal, new Error('with a host name'))
    await expect(choose()).rejects.toThrow(
      'no host takes changes (host 1: it takes no changes, host 2: ECONNREFUSED, host 3: no connection)',
    )
    now(standby, primary(1), refusal)
    expect(await choose()).toBe('two')
  })
})
