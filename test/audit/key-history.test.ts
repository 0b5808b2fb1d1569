import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createChainMac } from '../../src/audit/chain.ts'
import { keyStateOf } from '../../src/audit/events.ts'
import { checkKey, createEncryptionTally } from '../../src/audit/verify/verify-keys.ts'
import { formatId, newUuid } from '../../src/ids.ts'
import type { AuditedKey, PrunedChanges, RecordedChange } from '../../src/store/audit/key-history-rows.ts'

const chainMac = createChainMac(createSecretKey(Buffer.alloc(32, 7)))
const id = newUuid()
const name = `key ${formatId('userKey', id)}`
const mac = '0a'
const state = keyStateOf({ mac: Buffer.from(mac, 'hex'), versions: [] })

/** Changes on record: `[chain, sequence, revision]`. */
function changesOf(...places: readonly (readonly [string | null, number, number])[]): RecordedChange[] {
  return places
    .map(([chainId, sequence, revision]) => ({
      chainId,
      sequence: chainId === null ? null : sequence,
      revision,
      versionNumber: null,
      destroyedVersions: null,
      keyState: null,
      importParametersId: null,
    }))
    .sort((one, other) => one.revision - other.revision)
}

function prunedUpTo(revision: number, records: number | null): PrunedChanges {
  const row = { versionNumber: 0, revision, records, keyState: null }
  return { ...row, mac: Buffer.from(chainMac.prunedMac({ ...row, keyId: id })).toString('hex') }
}

function findingsOf(changes: readonly RecordedChange[], more: Partial<AuditedKey> = {}): string[] {
  const revision = Math.max(0, ...changes.map((change) => change.revision))
  const key: AuditedKey = {
    id,
    kind: 'USER',
    isDeleted: false,
    revision,
    mac,
    algorithm: 'AES_256_GCM',
    versions: [],
    changes,
    pruned: [],
    openImports: [],
    ...more,
  }
  return checkKey(key, { chainMac, encryptions: createEncryptionTally() }).map(({ text }) => text)
}

describe('the history of a key', () => {
  it.each([
    ['in one chain', changesOf(['a', 1, 1], ['a', 2, 2], ['a', 9, 3])],
    [
      'in chains of several servers, whose numbers tell nothing of each other',
      changesOf(['a', 7, 1], ['b', 1, 2], ['a', 8, 3]),
    ],
    ['that began before there were chains', changesOf([null, 0, 1], [null, 0, 2], ['a', 1, 3])],
  ])('%s has each revision once', (_where, changes) => {
    expect(findingsOf(changes)).toEqual([])
  })

  it('that was pruned in one chain and not yet in another is whole', () => {
    // Revisions 1, 2 and 4 were pruned, in a chain that revision 3 is not in.
    expect(findingsOf(changesOf(['b', 1, 3], ['a', 9, 5]), { pruned: [prunedUpTo(4, 3)] })).toEqual([])
  })

  it('names each revision that is on record twice, and no record of it again', () => {
    const changes = changesOf(['a', 1, 1], ['a', 2, 2], ['b', 1, 2], ['b', 2, 3], ['a', 3, 3])
    expect(findingsOf(changes)).toEqual([
      `${name} has revision 2 on record more than once: an older row was put back before a change`,
      `${name} has revision 3 on record more than once: an older row was put back before a change`,
    ])
  })

  it('names a revision that falls in a chain, also where earlier releases pruned and did not count', () => {
    const changes = changesOf(['a', 8, 7], ['a', 9, 4])
    expect(findingsOf(changes, { pruned: [prunedUpTo(6, null)] })).toEqual([
      `${name} has revision 4 on record after a higher one: an older row was put back before a change`,
    ])
  })

  it('counts what was pruned, so that a change below it shows', () => {
    const pruned = [prunedUpTo(5, 5)]
    expect(findingsOf(changesOf(['a', 9, 4], ['b', 2, 6]), { pruned })).toEqual([
      `${name} has 7 changes on record up to revision 6: an older row was put back before a change`,
    ])
    expect(findingsOf(changesOf(['a', 9, 8]), { pruned })).toEqual([
      `${name} has 6 changes on record up to revision 8: records are missing`,
    ])
  })

  it('ends with the state in which the rows are', () => {
    const [first, last] = changesOf(['a', 1, 1], ['a', 2, 2])
    if (first === undefined || last === undefined) throw new Error('there are two')
    expect(findingsOf([first, { ...last, keyState: state }])).toEqual([])
    expect(findingsOf([first, { ...last, keyState: 'ff' }])).toEqual([
      `${name} has rows that its change to revision 2 did not leave`,
    ])
    // A release that recorded no state made the last change.
    expect(findingsOf([{ ...first, keyState: 'ff' }, last])).toEqual([])
  })
})
