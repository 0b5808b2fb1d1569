import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compactVerify, importJWK } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { helpOf, nameOf } from '../../src/command-line/help.ts'
import { newUuid } from '../../src/ids.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { operatorCommands } from '../../src/operator/commands.ts'
import { runOperatorCommand } from '../../src/operator/run-command.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { doAllSorts, openTrail } from './opened-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

function commandOf(name: string) {
  const command = operatorCommands.find((each) => nameOf(each) === name)
  if (command === undefined) throw new Error(`there is no command ${name}`)
  return command
}

/** Runs a command as the command line does, and gives what it said. */
async function run(parts: Dependencies, name: string, args: readonly string[] = []) {
  const printed: string[] = []
  const progress: string[] = []
  const exitCode = await runOperatorCommand(commandOf(name), args, {
    parts,
    print: async (line) => void printed.push(line),
    progress: async (line) => void progress.push(line),
    signal: new AbortController().signal,
  })
  return { exitCode, printed, progress }
}

async function withTrail() {
  const story = await startStoryForTest()
  await doAllSorts(story.as(mia), 'a')
  story.clock.advance({ days: 100 })
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return { story, parts }
}

describe('the commands on the audit trail', () => {
  it.each(['audit verify', 'audit checkpoint', 'audit export', 'audit prune'])(
    '%s explains itself',
    (name) => {
      const help = helpOf(commandOf(name))
      expect(help).toContain(`Usage: keystead ${name}`)
      for (const option of Object.keys(commandOf(name).options)) expect(help).toContain(`--${option}`)
      expect(help.split('\n').every((line) => line.length <= 120)).toBe(true)
    },
  )
})

describe.skipIf(hasNoDatabase())('the commands on an audit trail', () => {
  it('verify ends with 0 where nothing is found, and with 1 and the name of the record where something is', async () => {
    const { parts } = await withTrail()
    const fine = await run(parts, 'audit verify')
    expect(fine.exitCode).toBe(0)
    expect(fine.printed).toEqual([
      expect.stringMatching(/^2 chains with \d+ records, and 2 keys verified, no problems found\.$/),
    ])
    const record = await parts.store.db.auditEvent.findFirstOrThrow({ where: { sequence: 2n } })
    await parts.store.db.auditEvent.update({ where: { id: record.id }, data: { actor: 'user:nobody' } })
    const found = await run(parts, 'audit verify')
    expect(found.exitCode).toBe(1)
    expect(found.printed[0]).toMatch(/^chain [12], record 2 \(audt_\w{26}\) was changed$/)
    expect(found.printed.at(-1)).toMatch(/^1 finding in 2 chains/)
  })

  it('verify counts records from before there were chains, for which nothing vouches, but finds no fault in them', async () => {
    const { parts } = await withTrail()
    const { db } = parts.store
    const record = await db.auditEvent.findFirstOrThrow({ where: { keyRevision: null } })
    const place = { chainId: null, sequence: null, hash: null }
    const occurredAt = new Date('2025-12-31T00:00:00.000Z')
    await db.auditEvent.create({ data: { ...record, ...place, id: newUuid(), occurredAt, details: {} } })
    const older = { ...parts, auditKeys: { ...parts.auditKeys, predatesChains: true } }
    const { exitCode, printed } = await run(older, 'audit verify')
    expect(exitCode).toBe(0)
    expect(printed[0]).toBe('1 record is older than the chains and cannot be verified.')
  })

  it('verify finds records without a chain where there were chains from the beginning, and prune leaves them', async () => {
    const { parts } = await withTrail()
    const { db } = parts.store
    const record = await db.auditEvent.findFirstOrThrow({ where: { keyRevision: null } })
    const place = { chainId: null, sequence: null, hash: null }
    const occurredAt = new Date('2025-12-31T00:00:00.000Z')
    await db.auditEvent.create({ data: { ...record, ...place, id: newUuid(), occurredAt, details: {} } })
    const { exitCode, printed } = await run(parts, 'audit verify')
    expect(exitCode).toBe(1)
    const text = '1 record is in no chain, though this installation has had chains from the beginning'
    expect(printed[0]).toBe(text)
    const pruned = await run(parts, 'audit prune', ['--older-than-days', '1'])
    expect(pruned.exitCode).toBe(0)
    expect((await run(parts, 'audit verify')).printed[0]).toBe(text)
  })

  it('checkpoint prints what verify compares with and what the public key checks', async () => {
    const { story, parts } = await withTrail()
    const checkpoint = await run(parts, 'audit checkpoint')
    const publicKey = await run(parts, 'audit checkpoint', ['--public-key'])
    expect([checkpoint.exitCode, publicKey.exitCode]).toEqual([0, 0])
    const [jws = ''] = checkpoint.printed
    const jwk = JSON.parse(publicKey.printed[0] ?? '')
    expect(await compactVerify(jws, await importJWK(jwk))).toHaveProperty('payload')
    const file = join(story.database.dataFolder, 'checkpoint.jws')
    writeFileSync(file, `${jws}\n`)
    expect((await run(parts, 'audit verify', ['--checkpoint', file])).exitCode).toBe(0)
    const since = await run(parts, 'audit verify', ['--checkpoint', file, '--since-checkpoint'])
    expect(since.exitCode).toBe(0)
    expect(since.printed).toEqual([
      expect.stringMatching(
        /^2 chains with 0 records since 2026-[\dT:.-]+Z, and 2 keys verified, no problems found\.$/,
      ),
    ])
    await parts.store.db.auditEvent.deleteMany()
    await parts.store.db.auditChain.deleteMany()
    const gone = await run(parts, 'audit verify', ['--checkpoint', file])
    expect(gone.exitCode).toBe(1)
    expect(gone.printed).toContain('chain 1 is missing: the checkpoint knows it')
    writeFileSync(file, jws.slice(0, -9))
    expect(await run(parts, 'audit verify', ['--checkpoint', file])).toMatchObject({
      exitCode: 1,
      progress: ['Not a checkpoint of this installation: its signature does not verify.'],
    })
  })

  it('export prints one line of JSON for each record and nothing else', async () => {
    const { parts } = await withTrail()
    const { exitCode, printed, progress } = await run(parts, 'audit export')
    expect(exitCode).toBe(0)
    expect(printed).toHaveLength(await parts.store.db.auditEvent.count())
    for (const line of printed) expect(JSON.parse(line)).toHaveProperty('hash')
    expect(progress).toEqual([`${printed.length} records.`])
    expect((await run(parts, 'audit export', ['--since', '2026-03-02'])).printed).toEqual([])
    expect((await run(parts, 'audit export', ['--until', '2026-03-01T12:00:00+01:00'])).printed).toEqual([])
    expect((await run(parts, 'audit export', ['--project', 'shop'])).printed).toEqual(printed)
  })

  it('prune removes what is counted and says what is not', async () => {
    const { parts } = await withTrail()
    const count = await parts.store.db.auditEvent.count()
    await parts.store.db.auditRollupProgress.deleteMany()
    expect(await run(parts, 'audit prune', ['--older-than-days', '99'])).toMatchObject({
      exitCode: 0,
      printed: [
        '0 records removed.',
        `${count} more are old enough, but not yet counted for the use of keys.`,
      ],
    })
    for (const { id } of await parts.store.db.auditChain.findMany()) {
      await parts.store.db.auditRollupProgress.create({
        data: { chainId: id, sequence: 999n, detailedSequence: 999n },
      })
    }
    const { printed } = await run(parts, 'audit prune', ['--older-than-days', '99'])
    expect(printed[0]).toBe(`${count} records removed.`)
    expect((await run(parts, 'audit verify')).exitCode).toBe(0)
  })

  it('end with a sentence about what is wrong, and do nothing, where they are used wrongly', async () => {
    const { parts } = await withTrail()
    const misuses: [string, string[], number][] = [
      ['audit verify', ['--checkpoint', 'relative.jws'], 2],
      ['audit verify', ['--checkpoint', '/nowhere/at-all.jws'], 1],
      ['audit verify', ['--fast'], 2],
      ['audit verify', ['--since-checkpoint'], 2],
      ['audit export', ['--since', 'yesterday'], 2],
      ['audit export', ['--until', '2027-02-30'], 2],
      ['audit export', ['--since', '2027-01-01 08:00'], 2],
      ['audit prune', [], 2],
      ['audit prune', ['--older-than-days', '0'], 2],
      ['audit prune', ['--older-than-days', '1.5'], 2],
      ['audit prune', ['--older-than-days', '36501'], 2],
      ['audit checkpoint', ['extra'], 2],
    ]
    for (const [name, args, exitCode] of misuses) {
      const result = await run(parts, name, args)
      expect({ name, args, ...result }).toEqual({
        name,
        args,
        exitCode,
        printed: [],
        progress: expect.arrayContaining([expect.stringMatching(/\.$/)]),
      })
    }
  })
})
