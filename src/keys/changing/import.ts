import { DecryptionFailedError, type ImportFormat } from '../../crypto/capabilities.ts'
import {
  generateWrappingPair,
  importWrappingKeyAlgorithm,
  unwrapImportedMaterial,
  wrappedMaterialBytes,
} from '../../crypto/import-wrapping.ts'
import { ImportedMaterialError } from '../../crypto/imported-material.ts'
import { describePublicKey } from '../../crypto/public-key.ts'
import { formatId, newUuid, parseId } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { isImportOnRecord } from '../../store/audit/key-history-rows.ts'
import {
  findImportParameters,
  type ImportParametersRow,
  insertImportParameters,
  keepNewestImports,
  sweepImportParameters,
  useImportParameters,
  type WrappedPrivateKey,
} from '../../store/rows/import-rows.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import {
  type AuditContext,
  auditContextOf,
  eventOf,
  findUserKeyFor,
  observationOf,
  recordingRefusals,
  requireAccess,
  requireRoleFor,
  slowWorkOf,
} from '../parts/request.ts'
import type { PublicKeyView } from '../reading/views.ts'
import type { RequestContext } from '../rules/caller.ts'
import { InvalidImportParametersError, InvalidKeyMaterialError, KeyNotFoundError } from '../rules/errors.ts'
import { requireInput } from '../rules/input.ts'
import { requireOrigin } from '../rules/lifecycle.ts'
import {
  changedVersion,
  changeUserKey,
  deciding,
  type KeyInput,
  type KeyVersionChange,
  settleDue,
} from './change-key.ts'
import { lockVerifiedKey } from './locked-key.ts'
import { algorithmOf, materialOf, type UnwrappedMaterial } from './new-material.ts'

export interface ImportKeyVersionInput extends KeyInput {
  /** `impt_…`. */
  readonly importParametersId: string
  readonly wrappedMaterial: Uint8Array
}

/** Parameters with which a caller wraps material for one import. */
export interface ImportParametersView {
  /** `impt_…`. */
  readonly id: string
  readonly publicKey: PublicKeyView
  readonly expiresAt: Date
  readonly material: ImportFormat
}

const hourMs = 60 * 60 * 1000
/** Lifetime of import parameters. */
const importParametersLifetimeMs = 24 * hourMs
/** Maximum of open imports of a key. Another one ends the oldest. */
const openImportsMax = 5
/** Time for which expired parameters are reported as expired instead of unknown. */
const importParametersMemoryMs = 30 * 24 * hourMs

/** Makes a key pair. The material of one version can be wrapped for its public key. */
export function getImportParameters(
  parts: Dependencies,
  call: RequestContext,
  { key: reference }: Pick<KeyInput, 'key'>,
): Promise<ImportParametersView> {
  const { store, policyMac, envelope, audit, clock } = parts
  return recordingRefusals(parts, auditContextOf(call, 'GET_IMPORT_PARAMETERS'), async (context) => {
    requireRoleFor(call, 'MANAGE', 'MANAGE_OWN')
    const { row } = await findUserKeyFor({ parts, call, context }, reference, { permission: 'MANAGE' })
    requireOrigin(row, 'EXTERNAL')
    const id = newUuid()
    context.details = { importParametersId: formatId('importParameters', id) }
    const pair = await generateWrappingPair(
      slowWorkOf(parts, context, { algorithm: importWrappingKeyAlgorithm, operation: 'GENERATE' }),
    )
    const { secret, publicKey } = pair
    if (context.signal?.aborted) secret.fill(0)
    context.signal?.throwIfAborted()
    const wrapped = await envelope.wrapImportKey(secret, bindingOf(row, id)).finally(() => secret.fill(0))
    if (publicKey === null) throw new TypeError('a wrapping pair has a public key')
    const now = clock.now()
    const expiresAt = new Date(now.getTime() + importParametersLifetimeMs)
    const draft = { id, keyId: row.id, publicKey, createdAt: now, expiresAt, usedAt: null }
    await settleDue(parts, row)
    await store.transaction(async (tx) => {
      const key = await lockVerifiedKey(tx, policyMac, row)
      if (key === null) throw new KeyNotFoundError()
      // Checked again under the lock: the access list may have changed since.
      requireAccess({ parts, call }, key.row, { permission: 'MANAGE' })
      const privateKey = await envelope.settleImportKey(tx, wrapped, bindingOf(row, id))
      await insertImportParameters(tx, { ...draft, mac: policyMac.importParametersMac(draft) }, privateKey)
      await keepNewestImports(tx, row.id, openImportsMax)
      await audit.recordIn(tx, eventOf(context))
    })
    parts.observe([observationOf(context)])
    return {
      id: formatId('importParameters', id),
      publicKey: { ...(await describePublicKey(publicKey)), algorithm: importWrappingKeyAlgorithm },
      expiresAt,
      material: algorithmOf(row).importFormat,
    }
  })
}

/** Adds a new default version with material that was made elsewhere. */
export async function importKeyVersion(
  parts: Dependencies,
  call: RequestContext,
  input: ImportKeyVersionInput,
): Promise<KeyVersionChange> {
  const { wrappedMaterial, expectedRevision } = input
  const parsed = parseId(input.importParametersId)
  const parametersId = parsed?.kind === 'importParameters' ? parsed.uuid : null
  const changed = await changeUserKey(parts, call, {
    action: 'IMPORT_KEY_VERSION',
    of: input.key,
    expectedRevision,
    details: parametersId === null ? {} : { importParametersId: input.importParametersId },
    checkInput: () =>
      requireInput(
        wrappedMaterial.length >= wrappedMaterialBytes.min &&
          wrappedMaterial.length <= wrappedMaterialBytes.max,
        'wrappedMaterial',
        `must have ${wrappedMaterialBytes.min} to ${wrappedMaterialBytes.max} bytes`,
      ),
    async obtainMaterial(row, context) {
      const open = await findOpenImport(parts, parts.store.db, row, parametersId)
      return openMaterial(parts, context, row, { open, wrappedMaterial })
    },
    async decide(key, facts) {
      requireOrigin(key.row, 'EXTERNAL')
      // The last check runs under the lock of the key: no other import can use the parameters.
      const open = await findOpenImport(parts, facts.tx, key.row, parametersId)
      const used = { ...open.row, usedAt: facts.now }
      return {
        ...(await deciding(parts, { type: 'importVersion' })(key, facts)),
        alsoWrite: (tx) =>
          useImportParameters(tx, { ...used, mac: parts.policyMac.importParametersMac(used) }),
      }
    },
  })
  return changedVersion(parts, call, changed)
}

/** Erases the private keys of expired imports. Goes by the time that has certainly passed. */
export async function sweepImports({ store, clock }: Dependencies): Promise<void> {
  const now = clock.certainNow()
  await sweepImportParameters(store.db, {
    now,
    forgetBefore: new Date(now.getTime() - importParametersMemoryMs),
  })
}

/** Import parameters that can still be used. */
interface OpenImport {
  readonly row: ImportParametersRow
  readonly privateKey: WrappedPrivateKey
}

/** Finds import parameters that can be used for the key now. */
async function findOpenImport(
  { policyMac, clock }: Dependencies,
  db: Queryable,
  key: KeyRow,
  id: string | null,
): Promise<OpenImport> {
  if (id === null) throw new InvalidImportParametersError('UNKNOWN')
  const publicId = formatId('importParameters', id)
  // Before the row is read, so that an import that ends meanwhile is not taken for a row that was put back.
  const isOnRecord = await isImportOnRecord(db, { keyId: key.id, importParametersId: publicId })
  const found = await findImportParameters(db, { keyId: key.id, id })
  if (found === null) throw new InvalidImportParametersError('UNKNOWN')
  const { row, privateKey } = found
  if (!policyMac.isAuthenticImport(row)) throw new IntegrityError('import parameters', row.id)
  if (row.usedAt === null && isOnRecord) {
    throw new IntegrityError(
      'import parameters',
      row.id,
      'they are on record as used: their row was put back',
    )
  }
  if (row.usedAt !== null) throw new InvalidImportParametersError('USED')
  if (row.expiresAt <= clock.now() || privateKey === null) throw new InvalidImportParametersError('EXPIRED')
  return { row, privateKey }
}

async function openMaterial(
  parts: Dependencies,
  context: AuditContext,
  key: KeyRow,
  { open, wrappedMaterial }: { readonly open: OpenImport; readonly wrappedMaterial: Uint8Array },
): Promise<UnwrappedMaterial> {
  const work = slowWorkOf(parts, context, { algorithm: key.algorithm, operation: 'IMPORT' })
  const binding = bindingOf(key, open.row.id)
  const privateKey = await parts.envelope.unwrapPlaintextImportKey(open.privateKey, binding)
  let material: Buffer | null = null
  try {
    material = await unwrapImportedMaterial(privateKey, wrappedMaterial, work)
    return materialOf(parts, key, await algorithmOf(key).readImported(material, work))
  } catch (error) {
    if (error instanceof DecryptionFailedError) {
      throw new InvalidKeyMaterialError(
        'UNWRAPPING_FAILED',
        'it does not unwrap with RSA-OAEP (SHA-256, MGF1 with SHA-256, no label) and AES-256-KWP under these import parameters',
      )
    }
    if (error instanceof ImportedMaterialError) throw new InvalidKeyMaterialError(error.fault, error.message)
    throw error
  } finally {
    privateKey.fill(0)
    material?.fill(0)
  }
}

function bindingOf(key: KeyRow, parametersId: string) {
  return { projectId: key.projectId, keyId: key.id, parametersId }
}
