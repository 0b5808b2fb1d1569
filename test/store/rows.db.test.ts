import { describe, expect, it } from 'vitest'
import { newOpaqueUuid, newUuid } from '../../src/ids.ts'
import { appendAuditEvents } from '../../src/store/audit/append-rows.ts'
import { type AuditChainRow, insertChain } from '../../src/store/audit/chain-rows.ts'
import { type AuditEventRow, findChainedEvents } from '../../src/store/audit/event-rows.ts'
import { findKeysDueForDestruction, findKeysDueForRotation } from '../../src/store/rows/due-rows.ts'
import {
  type DeletedKeyRow,
  findKey,
  findKeys,
  insertKey,
  moveToDeleted,
  updateKeys,
} from '../../src/store/rows/key-rows.ts'
import { findWholeKey } from '../../src/store/rows/key-with-versions.ts'
import {
  findMaterial,
  findVersionPages,
  findVersionsByNumber,
  insertVersions,
  updateVersions,
} from '../../src/store/rows/version-rows.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { sampleKey, sampleVersion } from '../support/sample-rows.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const material = { rootKeyId: 'root-1', wrapped: new Uint8Array([1, 0, 255]) }

describe.skipIf(hasNoDatabase())('rows', () => {
  it('come back as they were stored, with every column set and with every nullable one null', async () => {
    const { db } = await openForTest(await withDatabase())
    const full = sampleKey()
    const sparse = sampleKey({
      name: 'sparse',
      owner: null,
      serviceName: null,
      rotationDueOn: null,
      lastRotatedAt: null,
      allowedSubjects: [],
      description: '',
    })
    for (const key of [full, sparse]) {
      expect(await insertKey(db, key)).toBe(true)
      expect(await findKey(db, { projectId: key.projectId, id: key.id })).toEqual(key)
    }
    const changed = { ...sampleKey({ name: 'renamed', revision: 8, owner: null }), id: full.id }
    await updateKeys(db, [{ before: full, after: changed }])
    expect(await findKey(db, { projectId: full.projectId, name: 'renamed', kind: 'USER' })).toEqual(changed)
  })

  it('of keys are found inside their project only, by either ID', async () => {
    const { db } = await openForTest(await withDatabase())
    const key = sampleKey()
    const foreign = sampleKey({ projectId: 'project-b' })
    await insertKey(db, key)
    await insertKey(db, foreign)
    const ids = [key.id, foreign.id]
    const redactedIds = [key.redactedId, foreign.redactedId]
    expect(await findKeys(db, { projectId: 'project-a', ids, redactedIds })).toEqual([key])
    expect(await findKeys(db, { projectId: 'project-b', ids: [], redactedIds })).toEqual([foreign])
    expect(await findKey(db, { projectId: 'project-b', id: key.id })).toBeNull()
    expect(await findWholeKey(db, key)).toEqual({ row: key, versions: [] })
  })

  it('of keys refuse a taken name without an error, and the transaction goes on', async () => {
    const store = await openForTest(await withDatabase())
    await insertKey(store.db, sampleKey())
    const inserted = await store.transaction(async (tx) => [
      await insertKey(tx, sampleKey()),
      await insertKey(tx, sampleKey({ name: 'Orders' })),
      await insertKey(tx, sampleKey({ projectId: 'project-b' })),
    ])
    expect(inserted).toEqual([false, true, true])
    expect(await store.db.key.count()).toBe(3)
  })

  it('of deleted keys keep what they say, and take the versions and their material away', async () => {
    const { db } = await openForTest(await withDatabase())
    const key = sampleKey()
    const version = sampleVersion(key.id)
    await insertKey(db, key)
    await insertVersions(db, [{ version, material }])
    const { id, redactedId, projectId, name, createdBy, owner, accessControlEnabled, allowedSubjects } = key
    const { accessEntries } = key
    const deleted: DeletedKeyRow = {
      ...{ id, redactedId, projectId, name, createdBy, owner, accessControlEnabled, allowedSubjects },
      accessEntries,
      revision: 8,
      createdAt: key.createdAt,
      deletedAt: new Date('2026-12-31T23:59:59.999Z'),
      mac: new Uint8Array([7]),
    }
    await moveToDeleted(db, deleted)
    expect(await db.deletedKey.findMany()).toEqual([deleted])
    expect(await findKey(db, { projectId, id })).toBeNull()
    expect(await findWholeKey(db, key)).toBeNull()
    expect(await findMaterial(db, version.id)).toBeNull()
  })

  it('of versions come back as they were stored, however they are asked for', async () => {
    const { db } = await openForTest(await withDatabase())
    const key = sampleKey()
    await insertKey(db, key)
    const nothing = { deactivatedAt: null, destroyScheduledFor: null, destroyedAt: null, publicKey: null }
    const versions = [
      sampleVersion(key.id),
      sampleVersion(key.id, { number: 2, ...nothing }),
      sampleVersion(key.id, { number: 3, status: 'DEACTIVATED' }),
    ]
    for (const version of versions) await insertVersions(db, [{ version, material }])
    expect(await findWholeKey(db, key)).toEqual({ row: key, versions })
    expect(await findWholeKey(db, { ...key, projectId: 'project-b' })).toBeNull()
    const wanted = [1, 2, 3, 4].map((number) => ({ keyId: key.id, number }))
    const byNumber = await findVersionsByNumber(db, wanted)
    expect(byNumber.sort((a, b) => a.number - b.number)).toEqual(versions)
    const page = { keyIds: [key.id], above: 1, below: null, newestFirst: true, max: 2 }
    expect(await findVersionPages(db, page)).toEqual([versions[2], versions[1]])
    expect(await findVersionPages(db, { ...page, above: null, below: 3, max: 1 })).toEqual([versions[1]])
  })

  it('of material are erased with the destruction of their version, and not before', async () => {
    const { db } = await openForTest(await withDatabase())
    const key = sampleKey()
    const version = sampleVersion(key.id)
    await insertKey(db, key)
    await insertVersions(db, [{ version, material }])
    await updateVersions(db, [{ ...version, status: 'DESTROY_SCHEDULED' }])
    expect(await findMaterial(db, version.id)).toEqual({ versionId: version.id, ...material })
    await updateVersions(db, [{ ...version, status: 'DESTROYED' }])
    expect(await findMaterial(db, version.id)).toBeNull()
    expect((await findWholeKey(db, key))?.versions[0]?.status).toBe('DESTROYED')
  })

  it('that are due are found on the day and at the moment, not before', async () => {
    const { db } = await openForTest(await withDatabase())
    const key = sampleKey({ rotationDueOn: '2027-03-08' })
    const moment = new Date('2027-01-01T12:00:00.000Z')
    const early = new Date(moment.getTime() - 1)
    await insertKey(db, key)
    const version = sampleVersion(key.id, { status: 'DESTROY_SCHEDULED', destroyScheduledFor: moment })
    await insertVersions(db, [{ version, material }])
    const page = { after: null, max: 10 }
    const due = { id: key.id, projectId: key.projectId, position: expect.any(String) }
    const rotation = { ...page, algorithms: { among: [key.algorithm] }, onOrBefore: '2027-03-08' }
    expect(await findKeysDueForRotation(db, { ...rotation, onOrBefore: '2027-03-07' })).toEqual([])
    const rotating = await findKeysDueForRotation(db, rotation)
    expect(rotating).toEqual([due])
    expect(await findKeysDueForRotation(db, { ...rotation, after: rotating[0] ?? null })).toEqual([])
    const others = { algorithms: { except: [key.algorithm] } }
    expect(await findKeysDueForRotation(db, { ...rotation, ...others })).toEqual([])
    expect(await findKeysDueForDestruction(db, { ...page, now: early })).toEqual([])
    const ending = await findKeysDueForDestruction(db, { ...page, now: moment })
    expect(ending).toEqual([due])
    expect(await findKeysDueForDestruction(db, { ...page, now: moment, after: ending[0] ?? null })).toEqual(
      [],
    )
  })

  it('of audit events are stored in one statement, however many', async () => {
    const statements: string[] = []
    const { db } = await openForTest(await withDatabase(), { onStatement: (sql) => statements.push(sql) })
    const events = Array.from({ length: 500 }, (_, index) => sampleEvent(index))
    const chain = sampleChain()
    await insertChain(db, chain)
    const links = events.map((event, index) => ({ event, hash: index.toString(16).padStart(4, '0') }))
    const head = { sequence: 500, hash: Buffer.from([1, 243]) }
    const append = { chainId: chain.id, after: chain.head, links, head, headMac: Buffer.from('mac') }
    statements.length = 0
    expect(await appendAuditEvents(db, append)).toBe(true)
    expect(statements.length).toBe(1)
    const found = await findChainedEvents(db, { chainId: chain.id, after: 0, upTo: 500, max: 1000 })
    expect(found).toMatchObject(events.map((event, index) => ({ ...event, sequence: index + 1 })))
    expect(found.map(({ hash }) => Buffer.from(hash ?? []).toString('hex'))).toEqual(
      links.map(({ hash }) => hash),
    )
  })

  it('of audit events are not stored at all where their chain ends elsewhere than expected', async () => {
    const { db } = await openForTest(await withDatabase())
    const chain = sampleChain()
    await insertChain(db, chain)
    const links = [{ event: sampleEvent(1), hash: '01' }]
    const head = { sequence: 2, hash: Buffer.from('hash') }
    for (const after of [
      { sequence: 1, hash: chain.head.hash },
      { sequence: 0, hash: Buffer.from('another') },
    ]) {
      const append = { chainId: chain.id, after, links, head, headMac: Buffer.from('mac') }
      expect(await appendAuditEvents(db, append)).toBe(false)
    }
    expect(await db.auditEvent.count()).toBe(0)
    expect(await db.auditChain.findFirst()).toMatchObject({ headSequence: 0n })
  })
})

function sampleChain(): AuditChainRow {
  const start = { sequence: 0, hash: Buffer.from('start') }
  const macs = { mac: Buffer.from('mac'), headMac: Buffer.from('mac') }
  return {
    id: newOpaqueUuid(),
    number: 1,
    kind: 'OPERATIONS',
    startedAt: new Date(),
    base: start,
    head: start,
    ...macs,
  }
}

function sampleEvent(index: number): AuditEventRow {
  const even = index % 2 === 0
  return {
    id: newUuid(),
    projectId: 'project-a',
    occurredAt: new Date(Date.UTC(2026, 2, 8, 2, 0, 0, index)),
    action: 'DECRYPT',
    outcome: even ? 'SUCCEEDED' : 'FAILED',
    errorCode: even ? null : 'INVALID_CIPHERTEXT',
    actor: `USER:a"b,{c}\\${index}`,
    tokenId: even ? null : newOpaqueUuid(),
    clientAddress: even ? '2001:db8::1' : null,
    requestId: String(index).padStart(6, '0'),
    keyId: even ? newUuid() : null,
    keyRevision: even ? null : index,
    versionNumber: even ? index : null,
    details: even ? {} : { text: `NULL, "q" \\ ü ${index}`, number: index, flag: true },
  }
}
