import { generateKeyPairSync } from 'node:crypto'
import { CompactSign, compactVerify, importJWK } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkpointJwk, createCheckpoint, readCheckpoint } from '../../src/audit/verify/checkpoint.ts'
import { verifyAudit } from '../../src/audit/verify/verify.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'
import { doAllSorts, findingsOf, openTrail } from './opened-trail.ts'
import { uuidOf } from './traced-requests.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

async function withTrail() {
  const story = await startStoryForTest()
  await doAllSorts(story.as(mia), 'a')
  await story.stop()
  const { parts, close } = await openTrail(story)
  onTestFinished(close)
  return { story, parts, close }
}

describe.skipIf(hasNoDatabase())('a checkpoint', () => {
  it('is a JWS that anybody can check with the public key, and says where each chain ends', async () => {
    const { parts, story } = await withTrail()
    const { store, clock, auditKeys } = parts
    const jws = await createCheckpoint(store.db, clock, auditKeys)
    const jwk = JSON.parse(JSON.stringify(await checkpointJwk(auditKeys.checkpointKey)))
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK(jwk))
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'keystead-checkpoint+jws', kid: jwk.kid })
    const rows = await store.db.auditChain.findMany({ orderBy: { number: 'asc' } })
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual({
      iat: story.clock.now().getTime() / 1000,
      chains: rows.map(({ id, number, kind, headSequence, headHash }) => ({
        id,
        number,
        kind,
        sequence: Number(headSequence),
        hash: Buffer.from(headHash).toString('hex'),
      })),
    })
    expect(rows.map(({ kind }) => kind)).toEqual(['OPERATIONS', 'MANAGEMENT'])
  })

  it('stays good while servers go on, and is signed by the same key after a restart', async () => {
    const { story, parts, close } = await withTrail()
    const { store, clock, auditKeys } = parts
    const jws = await createCheckpoint(store.db, clock, auditKeys)
    await close()
    await story.restart()
    await doAllSorts(story.as(mia), 'b')
    await story.stop()
    const later = await openTrail(story)
    onTestFinished(later.close)
    const checkpoint = await readCheckpoint(`${jws}\n`, later.parts.auditKeys.checkpointKey)
    expect(checkpoint.chains.map(({ number }) => number)).toEqual([1, 2])
    expect(await findingsOf(later.parts, { checkpoint })).toEqual([])
  })

  it('lets a verification read only what is later, and find a change there, of itself and of keys', async () => {
    const { story, parts, close } = await withTrail()
    const jws = await createCheckpoint(parts.store.db, parts.clock, parts.auditKeys)
    const earlier = await parts.store.db.auditEvent.count()
    await close()
    await story.restart()
    const keys = await doAllSorts(story.as(mia), 'b')
    await story.stop()
    const later = await openTrail(story)
    onTestFinished(later.close)
    const { store, auditKeys } = later.parts
    const checkpoint = await readCheckpoint(jws, auditKeys.checkpointKey)
    const verify = (sinceCheckpoint: boolean) =>
      verifyAudit({ db: store.db, chainMac: auditKeys.chainMac, checkpoint, sinceCheckpoint })
    const all = await store.db.auditEvent.count()
    expect(await verify(false)).toMatchObject({ findings: [], records: all })
    const report = await verify(true)
    expect(report).toMatchObject({ findings: [], records: all - earlier })
    expect(report.keys).toBe((await verify(false)).keys)

    const change = async (number: number, sequence: bigint, actor: string) => {
      const chain = await store.db.auditChain.findFirstOrThrow({ where: { number } })
      await store.db.auditEvent.updateMany({ where: { chainId: chain.id, sequence }, data: { actor } })
    }
    // What was verified when the checkpoint was made is not read again …
    await change(1, 2n, 'user:nobody')
    expect((await verify(true)).findings).toEqual([])
    expect((await verify(false)).findings).toHaveLength(1)
    // … and what came later is, with the keys.
    await change(3, 2n, 'user:nobody')
    expect((await verify(true)).findings).toMatchObject([{ chain: 3, sequence: 2 }])
    await store.db.key.updateMany({ where: { id: uuidOf(keys.changed) }, data: { revision: 1 } })
    expect((await verify(true)).findings).toHaveLength(2)
  })

  it('makes a verification since then read a chain whole whose record is another one', async () => {
    const { parts } = await withTrail()
    const { store, clock, auditKeys } = parts
    const checkpoint = await readCheckpoint(
      await createCheckpoint(store.db, clock, auditKeys),
      auditKeys.checkpointKey,
    )
    const [known] = checkpoint.chains
    const where = { chainId: known?.id ?? '', sequence: BigInt(known?.sequence ?? 0) }
    await store.db.auditEvent.updateMany({ where, data: { hash: new Uint8Array(32) } })
    const { findings } = await verifyAudit({
      db: store.db,
      chainMac: auditKeys.chainMac,
      checkpoint,
      sinceCheckpoint: true,
    })
    expect(findings).toMatchObject([{ chain: 1, sequence: known?.sequence }])
  })

  it('is refused if anything in it was changed, or if it was signed for another purpose or by somebody else', async () => {
    const { parts } = await withTrail()
    const { store, clock, auditKeys } = parts
    const jws = await createCheckpoint(store.db, clock, auditKeys)
    const [header = '', payload = '', signature = ''] = jws.split('.')
    const changed = Buffer.from(
      Buffer.from(payload, 'base64url').toString().replace('"number":1', '"number":2'),
    )
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
    const sign = (key: Parameters<CompactSign['sign']>[0], typ: string) =>
      new CompactSign(Buffer.from(payload, 'base64url')).setProtectedHeader({ alg: 'EdDSA', typ }).sign(key)
    const read = (text: string) => readCheckpoint(text, auditKeys.checkpointKey)
    for (const text of [
      `${header}.${changed.toString('base64url')}.${signature}`,
      `${none}.${payload}.`,
      '',
      'nonsense',
      await sign(generateKeyPairSync('ed25519').privateKey, 'keystead-checkpoint+jws'),
      await sign(auditKeys.checkpointKey, 'other'),
    ]) {
      await expect(read(text)).rejects.toThrow(/^Not a checkpoint(:| of this installation:)/)
    }
    expect((await read(jws)).chains).toHaveLength(2)
  })

  it('is not made of a chain that was changed outside of the server', async () => {
    const { parts } = await withTrail()
    const { store, clock, auditKeys } = parts
    await store.db.auditChain.updateMany({ where: { number: 1 }, data: { headSequence: 1n } })
    await expect(createCheckpoint(store.db, clock, auditKeys)).rejects.toThrow(
      'Chain 1 was changed outside of the server',
    )
  })
})
