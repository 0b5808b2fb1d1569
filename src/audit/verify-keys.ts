import { formatId } from '../ids.ts'
import { type AuditedKey, findAuditedKeys, findVanishedKeys } from '../store/audited-key-rows.ts'
import type { Queryable } from '../store/store.ts'
import type { ChainMac } from './chain-mac.ts'
import { type Finding, otherFinding } from './finding.ts'

const pageSize = 200
/** Below every ID of a key. */
const beforeAll = '00000000-0000-0000-0000-000000000000'

/** Compares the rows of keys with what is on record of them, page by page. */
export async function* verifyKeys(
  db: Queryable,
  chainMac: ChainMac,
): AsyncGenerator<{ readonly keys: number; readonly findings: readonly Finding[] }> {
  for (let after = beforeAll; ; ) {
    const keys = await findAuditedKeys(db, { after, max: pageSize })
    if (keys.length === 0) break
    yield { keys: keys.length, findings: keys.flatMap((key) => checkKey(key, chainMac)) }
    after = keys.at(-1)?.id ?? after
  }
  for (let after = beforeAll; ; ) {
    const ids = await findVanishedKeys(db, { after, max: pageSize })
    if (ids.length === 0) break
    yield { keys: 0, findings: ids.map(vanished) }
    after = ids.at(-1) ?? after
  }
}

function checkKey(key: AuditedKey, chainMac: ChainMac): Finding[] {
  const id = formatId(key.kind === 'SERVICE' ? 'serviceKey' : 'userKey', key.id)
  const name = key.isDeleted ? `what is kept of the deleted key ${id}` : `key ${id}`
  const forged = key.pruned.some(
    ({ mac, ...rest }) =>
      !chainMac.isAuthenticPruned({ ...rest, keyId: key.id, mac: Buffer.from(mac, 'hex') }),
  )
  if (forged) return [otherFinding(`${name}: what is kept of its pruned records was changed`)]
  const recorded = [...key.recorded, ...key.pruned]
  const newest = Math.max(0, ...recorded.map(({ revision }) => revision))
  if (key.revision < newest) {
    return [otherFinding(`${name} went back to revision ${key.revision}; revision ${newest} is on record`)]
  }
  if (key.revision > newest) {
    return [otherFinding(`${name} has revision ${key.revision}, but only ${newest} is on record`)]
  }
  return key.versions.flatMap(({ versionNumber, revision }) => {
    const own = recorded.filter((each) => each.versionNumber === versionNumber)
    const last = Math.max(0, ...own.map((each) => each.revision))
    if (revision >= last) return []
    return [
      otherFinding(
        `version ${versionNumber} of key ${id} went back to how revision ${revision} left it; it was changed in revision ${last}`,
      ),
    ]
  })
}

function vanished(id: string): Finding {
  return otherFinding(
    `key ${formatId('userKey', id)} is gone, though it was not deleted or its deletion left a row`,
  )
}
