import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyRows } from '../../src/audit/verify/verify-rows.ts'
import { newOpaqueUuid } from '../../src/ids.ts'
import { openInstallation } from '../../src/keyring/installation.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { findSinkPositions } from '../../src/store/audit/sink-rows.ts'
import { Prisma } from '../../src/store/generated/client.ts'
import { lowestUuid } from '../../src/store/pages.ts'
import {
  findImportKeysToRewrap,
  findMaterialToRewrap,
  findNextMaterialToRewrap,
} from '../../src/store/rows/wrapped-rows.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { findingsOf, openTrail } from '../audit/opened-trail.ts'
import { countUpTo, prune } from '../audit/pruned-trail.ts'
import { createExternalKey, importMaterial, openImport } from '../keys/wrap-material.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, endStory, type Person, type Story, startStory } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** Whether everything in a table is as the server wrote it. */
type Check = (parts: Dependencies, tx: Queryable) => Promise<boolean>

/** What keeps a table from being edited unnoticed, and which columns may be edited, for which reason. */
interface Protection {
  readonly table: string
  readonly check: Check
  readonly uncovered?: Readonly<Record<string, string>>
}

const byRowMac: Check = async ({ policyMac }, tx) => {
  for await (const findings of verifyRows(tx, policyMac)) if (findings.length > 0) return false
  return true
}

const byTrail: Check = async (parts, tx) => (await findingsOf(parts, { db: tx })).length === 0

const everything = { except: '', after: lowestUuid, max: 100 }

/** Each key opens what is wrapped for it, and nothing else. */
const byWrapping: Check = async ({ envelope }, tx) => {
  const versions = await tx.keyVersion.count({ where: { status: { not: 'DESTROYED' } } })
  const material = await findMaterialToRewrap(tx, everything)
  const importKeys = await findImportKeysToRewrap(tx, everything)
  try {
    for (const row of material) await envelope.unwrapPlaintextMaterial(row, row)
    for (const row of importKeys) {
      await envelope.unwrapPlaintextImportKey(row, { ...row, parametersId: row.id })
    }
  } catch {
    return false
  }
  const openImports = await tx.importParameters.count({ where: { usedAt: null } })
  return material.length === versions && importKeys.length === openImports
}

/** The material of each next version opens under the number that it will have. */
const byNextWrapping: Check = async ({ envelope }, tx) => {
  const material = await findNextMaterialToRewrap(tx, everything)
  try {
    for (const row of material) await envelope.unwrapPlaintextMaterial(row, row)
  } catch {
    return false
  }
  return material.length > 0
}

/** By the MAC, or by what the wrapped private key is bound to. */
const byMacAndWrapping: Check = async (parts, tx) =>
  (await byRowMac(parts, tx)) && (await byWrapping(parts, tx))

const byPositionMac: Check = async ({ auditKeys: { chainMac } }, tx) =>
  (await findSinkPositions(tx, 'file')).filter((row) => chainMac.isAuthenticPosition(row)).length === 1

const byInstallation: Check = async ({ rootKeys, policyMac }, tx) => {
  try {
    await openInstallation(tx, rootKeys, new Date())
  } catch {
    return false
  }
  return policyMac !== undefined
}

/** Every table of prisma/schema.prisma: a new one fails here by its name. */
const protections: Readonly<Record<Prisma.ModelName, Protection | { readonly unprotected: string }>> = {
  Key: { table: 'keys', check: byRowMac },
  KeyVersion: {
    table: 'key_versions',
    check: byRowMac,
    uncovered: {
      projectId: 'For an index: an edited one leaves the version out of lists, and shows nothing.',
    },
  },
  KeyMaterial: { table: 'key_material', check: byWrapping },
  NextKeyMaterial: { table: 'next_key_material', check: byNextWrapping },
  ImportParameters: {
    table: 'import_parameters',
    check: byMacAndWrapping,
  },
  DeletedKey: { table: 'deleted_keys', check: byRowMac },
  ProjectRoles: { table: 'project_roles', check: byRowMac },
  AuditEvent: { table: 'audit_events', check: byTrail },
  AuditChain: { table: 'audit_chains', check: byTrail },
  AuditPrunedRevision: { table: 'audit_pruned_revisions', check: byTrail },
  Installation: {
    table: 'installation',
    check: byInstallation,
    uncovered: {
      id: 'A row under another ID is no row: the server does not start without one.',
      createdAt: 'It is shown nowhere and decides nothing.',
    },
  },
  KeyAlias: {
    unprotected: 'An index: the row of the key says which aliases it has, and an edited entry finds no key.',
  },
  KeySearch: {
    unprotected: 'An index: the row of the key decides, and an edited entry leaves it out of lists.',
  },
  KeyLastUse: { unprotected: 'Follows from the uses of the versions, which are not protected either.' },
  KeyVersionUsage: {
    unprotected: 'Counted in blocks; a counter that was set back is found by its records (audit verify).',
  },
  CertainTime: { unprotected: 'Only delays destruction: who can write here can also erase key material.' },
  AuditSinkPosition: { table: 'audit_sink_positions', check: byPositionMac },
  Lease: {
    unprotected:
      'Only says which server exports now: two at once send the same records, and none at all is seen in the lag.',
  },
  AuditRollupProgress: { unprotected: 'Only says which records are counted.' },
  AuditUsageDaily: { unprotected: 'Tells how often versions were used; decides nothing.' },
  AuditUsageHourly: { unprotected: 'As AuditUsageDaily.' },
}

/** Another value for a column, by its type; NULL becomes a value. */
const edits: Readonly<Record<string, (column: string, type: string) => string>> = {
  uuid: () => 'gen_random_uuid()',
  text: (column) => `coalesce(${column}, '') || 'x'`,
  bool: (column) => `NOT ${column}`,
  int4: (column) => `coalesce(${column}, 0) + 1`,
  int8: (column) => `coalesce(${column}, 0) + 1`,
  date: (column) => `coalesce(${column}, '2020-01-01') + 1`,
  timestamptz: (column) => `coalesce(${column}, '2020-01-01') + interval '1 ms'`,
  bytea: (column) =>
    `CASE WHEN coalesce(length(${column}), 0) = 0 THEN '\\x00'::bytea ELSE set_byte(${column}, 0, get_byte(${column}, 0) # 1) END`,
  jsonb: (column) => `${column} || '{"edited": 1}'`,
  _text: (column) => `array_append(${column}, 'user:eve')`,
  _int4: (column) => `array_cat(${column}, ARRAY[7, 8])`,
}

/** Where a value must fit another table, or be unlike that of every other row. */
const fitting: Readonly<Record<string, string>> = {
  'key_versions.number': 'key_versions.number + 1000',
  'audit_events.sequence': 'audit_events.sequence + 1000000',
  'audit_chains.number': 'audit_chains.number + 1000',
  'audit_pruned_revisions.version_number': 'audit_pruned_revisions.version_number + 1000',
  'key_versions.key_id': `(SELECT id FROM keys WHERE name = 'empty')`,
  'next_key_material.key_id': `(SELECT id FROM keys WHERE name = 'empty')`,
  'import_parameters.key_id': `(SELECT id FROM keys WHERE name = 'empty')`,
  'key_material.version_id': `(SELECT v.id FROM key_versions v JOIN keys k ON k.id = v.key_id
     LEFT JOIN key_material m ON m.version_id = v.id WHERE m.version_id IS NULL LIMIT 1)`,
}

class Undone extends Error {}

/** Edits of a list of entries: none left, one in another place, and each of its members. */
const entryEdits = [
  `'[]'`,
  `access_entries || access_entries`,
  ...Object.entries({
    subject: '"user:eve"',
    permissions: 'null',
    context: '[{"name": "a", "value": "b"}]',
    expiresAt: 'null',
    note: '"y"',
  }).map(([member, value]) => `jsonb_set(access_entries, '{0,${member}}', '${value}')`),
  `jsonb_set(access_entries, '{0,permissions,1}', '"MANAGE"')`,
  `jsonb_set(access_entries, '{0,more}', '1')`,
]

describe.skipIf(hasNoDatabase())('the rows of every table', () => {
  let story: Story
  let parts: Dependencies
  let close: () => Promise<void>
  beforeAll(async () => {
    story = await startStory()
    await makeRows(story)
    await story.stop()
    ;({ parts, close } = await openTrail(story))
    const position = { sink: 'file', chainId: newOpaqueUuid(), sequence: 7 }
    await parts.store.db.auditSinkPosition.create({
      data: { ...position, sequence: 7n, mac: parts.auditKeys.chainMac.positionMac(position) },
    })
    await countUpTo(parts)
    expect((await prune(parts, 5)).pruned).toBeGreaterThan(0)
  })
  afterAll(async () => {
    await close()
    await endStory(story)
  })

  /** Whether a table is intact once one row of it was edited; null if the edit is not possible. */
  async function isIntactAfter(check: Check, sql: string): Promise<boolean | null> {
    let isIntact: boolean | null = null
    await parts.store
      .transaction(async (tx) => {
        if ((await tx.$executeRawUnsafe(sql)) === 1) isIntact = await check(parts, tx)
        throw new Undone()
      })
      .catch((error: unknown) => {
        if (!(error instanceof Undone)) throw error
      })
    return isIntact
  }

  it('are in a table of this test that says what protects them', () => {
    expect(Object.keys(protections).sort()).toEqual(Object.values(Prisma.ModelName).sort())
  })

  it.each(['keys', 'deleted_keys'])('(%s) are refused whatever was edited of an entry', async (table) => {
    for (const edit of entryEdits) {
      const sql = `UPDATE ${table} SET access_entries = ${edit} WHERE access_entries <> '[]'`
      expect([edit, await isIntactAfter(byRowMac, sql)]).toEqual([edit, false])
    }
    // The database has an order of its own for the members: their order in the statement is no matter.
    const same = `UPDATE ${table} SET access_entries = jsonb_build_array(jsonb_strip_nulls('{}') || (access_entries -> 0))
      WHERE access_entries <> '[]'`
    expect(await isIntactAfter(byRowMac, same)).toBe(true)
  })

  it.each(
    Object.entries(protections).flatMap(([model, protection]) =>
      'table' in protection ? [{ model, ...protection }] : [],
    ),
  )(
    '($model) are refused whichever column was edited',
    async ({ model, table, check, uncovered = {} }) => {
      // Those that Prisma's client leaves out are not covered by any MAC.
      const known = Object.keys(Prisma[`${model}ScalarFieldEnum` as 'KeyScalarFieldEnum'])
      const fields = [...new Set([...known, ...Object.keys(uncovered)])]
      const columns = await parts.store.db.$queryRaw<{ name: string; type: string; isNullable: boolean }[]>`
      SELECT column_name AS name, udt_name AS type, is_nullable = 'YES' AS "isNullable"
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ${table}`
      const named = new Map(columns.map((column) => [column.name, column]))
      expect([...named.keys()].sort()).toEqual(fields.map(columnOf).sort())
      expect(await check(parts, parts.store.db)).toBe(true)
      for (const field of fields) {
        const column = named.get(columnOf(field))
        if (column === undefined) throw new Error(`there is no column for ${field}`)
        const edit = editOf(table, column)
        // The first row for which it changes anything: each value stands in some row.
        const sets = [edit, ...(column.isNullable ? ['NULL'] : [])]
        const outcomes: (boolean | null)[] = []
        for (const set of sets) {
          // An array that is NULL is read like an empty one.
          const isOther = `${column.name} IS DISTINCT FROM ${set}${set === 'NULL' && column.type.startsWith('_') ? ` AND cardinality(${column.name}) > 0` : ''}`
          const sql = `UPDATE ${table} SET ${column.name} = ${set}
          WHERE ctid = (SELECT ctid FROM ${table} WHERE ${isOther} ORDER BY ctid DESC LIMIT 1)`
          outcomes.push(await isIntactAfter(check, sql))
        }
        const isCovered = !(field in uncovered)
        expect([field, outcomes]).toEqual([
          field,
          outcomes.map((outcome, index) => (index > 0 && outcome === null ? null : !isCovered)),
        ])
      }
    },
    300_000,
  )
})

const columnOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function editOf(table: string, { name, type }: { name: string; type: string }): string {
  const fits = fitting[`${table}.${name}`]
  if (fits !== undefined) return fits
  const edit = edits[type]
  // What has no edit is an enumeration.
  if (edit === undefined) {
    return `(SELECT other FROM unnest(enum_range(NULL::"${type}")) other WHERE other <> ${table}.${name} LIMIT 1)`
  }
  return edit(`${table}.${name}`, type)
}

const entries = [{ subject: 'user:bob', permissions: ['VIEW'], expiresAt: '2027-01-01T00:00:00Z', note: 'x' }]

/** Rows in every table. */
async function makeRows(story: Story): Promise<void> {
  const client = story.as(mia)
  const create = async (input: object): Promise<string> =>
    (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  // Its records are pruned.
  const early = await create({ name: 'early' })
  await client.mutate('rotateUserKey', { key: early })
  story.clock.advance({ days: 10 })
  await create({ name: 'empty', preActivation: true })
  const keyId = await create({
    name: 'orders',
    description: 'for orders',
    labels: [{ name: 'team', value: 'payments' }],
    automaticRotation: { enabled: true, cycleDays: 30 },
    accessControl: { enabled: true, allowedSubjects: ['group:payments'], entries },
  })
  await client.mutate('createAlias', { key: keyId, alias: 'bills' })
  await client.mutate('rotateUserKey', { key: keyId })
  await client.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
  await story
    .as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    .mutate('bindRole', { subject: 'user:bob', role: 'KMS_USER' })
  const signer = await create({ name: 'signer', usage: 'SIGN_VERIFY', algorithm: 'EC_P256' })
  await client.mutate('publishJwks', { key: signer, tokenLifetimeMinutes: 60 })
  await client.mutate('encrypt', { key: keyId, plaintext: base64('x') })
  await story.as({ name: 'Backup', kind: 'SERVICE_AGENT' }).mutate('encryptWithServiceKey', {
    plaintext: base64('x'),
  })
  const destroyed = await create({ name: 'destroyed' })
  await client.mutate('deactivateKeyVersion', { version: { key: destroyed, number: 1 } })
  story.clock.advance({ minutes: 1 })
  await client.mutate('destroyKeyVersion', { version: { key: destroyed, number: 1 }, waitingPeriodDays: 0 })
  const scheduled = await create({ name: 'scheduled' })
  await client.mutate('deactivateKeyVersion', { version: { key: scheduled, number: 1 } })
  await client.mutate('destroyKeyVersion', { version: { key: scheduled, number: 1 }, waitingPeriodDays: 30 })
  const gone = await create({
    name: 'gone',
    preActivation: true,
    accessControl: { enabled: true, allowedSubjects: ['group:payments'], entries },
  })
  await client.mutate('deleteUserKey', { key: gone, confirmName: 'gone' })
  const imported = await createExternalKey(client, { name: 'imported' })
  await importMaterial(client, imported, randomBytes(32))
  await openImport(client, imported)
}
