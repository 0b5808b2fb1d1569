import { verifyAudit } from '../../src/audit/verify/verify.ts'
import { readConfig } from '../../src/config.ts'
import { parseId } from '../../src/ids.ts'
import { openParts } from '../../src/open-parts.ts'
import type { Store } from '../../src/store/store.ts'
import { throwIfLost } from './acknowledged.ts'
import { actionOf } from './known-key.ts'
import type { Ledger } from './ledger.ts'

/**
 * Checks beside the servers that no audit chain is torn, that each acknowledged change and encryption has its record,
 * and that exactly the versions that are not destroyed have material. The embedded database must have no server
 * meanwhile.
 *
 * @throws LostError, as `throwIfLost` does
 */
export async function expectTrailWhole(environment: Record<string, string>, ledger: Ledger): Promise<void> {
  const faults: string[] = []
  const { parts, close } = await openParts(readConfig(environment), {
    prepare: false,
    alert: (error) => void faults.push(String(error)),
  })
  try {
    const { db } = parts.store
    const recordsMin = await db.auditEvent.count()
    const { findings, records, recordsBeforeChains } = await verifyAudit({
      db,
      chainMac: parts.auditKeys.chainMac,
    })
    faults.push(...findings.map(({ chain, text }) => `audit chain ${chain}: ${text}`))
    if (records < recordsMin) faults.push(`of ${recordsMin} records only ${records} are in chains`)
    if (recordsBeforeChains > 0) faults.push(`${recordsBeforeChains} records are in no chain`)
    faults.push(...(await findMissingRecords(db, ledger)), ...(await findMaterialFaults(db)))
  } finally {
    await close()
  }
  throwIfLost(ledger, faults)
}

async function findMissingRecords(db: Store['db'], ledger: Ledger): Promise<string[]> {
  const recorded = await db.auditEvent.findMany({
    where: { outcome: 'SUCCEEDED', keyId: { not: null } },
    select: { keyId: true, action: true, keyRevision: true, versionNumber: true },
  })
  const counts = new Map<string, number>()
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
  for (const { keyId, action, keyRevision, versionNumber } of recorded) {
    count(
      `${action} of ${keyId}, ${action === 'ENCRYPT' ? `version ${versionNumber}` : `revision ${keyRevision}`}`,
    )
  }
  const take = (what: string): string[] => {
    const left = counts.get(what) ?? 0
    counts.set(what, left - 1)
    return left > 0 ? [] : [`there is no record of ${what}`]
  }
  const changes = [...ledger.keys.values()].flatMap((key) =>
    key.changes.flatMap(({ type, revision }) => {
      const action = type === 'create' ? 'CREATE_USER_KEY' : actionOf[type]
      return take(`${action} of ${uuidOf(key.id)}, revision ${revision}`)
    }),
  )
  const encryptions = ledger.ciphertexts.flatMap(({ keyId, version }) =>
    take(`ENCRYPT of ${uuidOf(keyId)}, version ${version}`),
  )
  return [...changes, ...encryptions]
}

async function findMaterialFaults(db: Store['db']): Promise<string[]> {
  const wrong = await db.keyVersion.findMany({
    where: {
      OR: [
        { status: 'DESTROYED', material: { isNot: null } },
        { status: { not: 'DESTROYED' }, material: { is: null } },
      ],
    },
    select: { keyId: true, number: true, status: true },
  })
  return wrong.map(
    ({ keyId, number, status }) =>
      `version ${number} of ${keyId} is ${status}, but ${status === 'DESTROYED' ? 'has' : 'has no'} material`,
  )
}

function uuidOf(id: string): string | undefined {
  return parseId(id)?.uuid
}
