import { permissionsOfRoles } from './access.ts'
import {
  addAllowedSubjects,
  disableAccessControl,
  enableAccessControl,
  removeAllowedSubjects,
} from './access-control.ts'
import { explainAccessTo } from './access-explainer.ts'
import { keyAlgorithms } from './algorithm-info.ts'
import { auditEvents, keyAuditEvents } from './audit-view.ts'
import { requireRoleFor } from './authorise.ts'
import type { Call } from './caller.ts'
import { decrypt, decryptBatch, encrypt, encryptBatch, reEncrypt, reEncryptBatch } from './cipher.ts'
import { generateDataKeyPair } from './data-key-pairs.ts'
import { generateDataKey } from './data-keys.ts'
import type { Domain, KeyVersionChange } from './domain.ts'
import type { DomainParts } from './domain-parts.ts'
import { getImportParameters, importKeyVersion } from './import.ts'
import { keyEvents } from './key-events.ts'
import { serviceKeys, userKeys } from './key-lists.ts'
import { nodes, publicKey, serviceKey, userKey } from './key-reader.ts'
import type { LockedKey } from './locked-key.ts'
import { generateMac, generateMacBatch, verifyMac } from './mac.ts'
import { generateRandom } from './random.ts'
import { viewSettings } from './row-views.ts'
import { createServiceKeyOperations } from './service-keys.ts'
import { decapsulate, deriveSharedSecret, encapsulate } from './shared-secrets.ts'
import { sign, signBatch, verify, verifyBatch } from './signature.ts'
import { configureAutomaticRotation, createUserKey, deleteUserKey, updateUserKey } from './user-keys.ts'
import { userKeysChanged } from './user-keys-changed.ts'
import { destroyImpact, usageByCaller } from './version-callers.ts'
import { deletable, usageOf, versionPages, versionsByNumber } from './version-reader.ts'
import {
  activateKeyVersion,
  activateUserKey,
  deactivateKeyVersion,
  destroyKeyVersion,
  restoreKeyVersion,
  rotateUserKey,
} from './versions.ts'
import { fullUserKeyView, ownerOfVersions, userKeyView, versionView } from './view-builder.ts'
import type { FullUserKeyView, UserKeyView } from './views.ts'

/** Puts the domain together: each method is one function of this folder, with the caller's view of its result. */
export function createDomain(parts: DomainParts): Domain {
  const services = createServiceKeyOperations(parts)

  const newestOf = (key: LockedKey) => key.versions.at(-1) ?? null
  const full = (call: Call, key: LockedKey): FullUserKeyView =>
    fullUserKeyView(key.row, newestOf(key), call.caller, viewSettings(parts))
  // After a change of access the caller may see less than before.
  const entitled = (call: Call, key: LockedKey): UserKeyView =>
    userKeyView(key.row, newestOf(key), call.caller, viewSettings(parts))
  const withVersion = (call: Call, key: LockedKey, number: number): KeyVersionChange => {
    const version = key.versions.find((each) => each.number === number)
    if (version === undefined) throw new TypeError('a changed version is there')
    return {
      key: full(call, key),
      version: versionView(ownerOfVersions(key.row), version, viewSettings(parts).now),
    }
  }
  const withNewest = (call: Call, key: LockedKey) => withVersion(call, key, key.row.lastVersionNumber)

  return {
    userKey: (call, by) => userKey(parts, call, by),
    userKeys: (call, page, filter, order) => userKeys(parts, call, page, filter, order),
    serviceKey: (call, by) => serviceKey(parts, call, by),
    serviceKeys: (call, page, filter) => serviceKeys(parts, call, page, filter),
    nodes: (call, ids) => nodes(parts, call, ids),
    explainAccess: (call, input) => explainAccessTo(parts, call, input),
    projectPermissions: (call) => permissionsOfRoles(call.caller),
    keyAlgorithms(call, filter) {
      requireRoleFor(call, 'VIEW')
      return keyAlgorithms(parts.settings, filter)
    },
    versionsByNumber: (call, wanted) => versionsByNumber(parts, call, wanted),
    versionPages: (call, keys, page) => versionPages(parts, call, keys, page),
    deletable: (call, keys) => deletable(parts, call, keys),
    usage: (call, versions) => usageOf(parts, call, versions),
    publicKey,
    auditEvents: (call, page, filter) => auditEvents(parts, call, page, filter),
    keyAuditEvents: (call, keys, page) => keyAuditEvents(parts, call, keys, page),
    usageByCaller: (call, versions, days) => usageByCaller(parts, call, versions, days),
    destroyImpact: (call, versionId) => destroyImpact(parts, call, versionId),

    keyEvents: (call, keyId) => keyEvents(parts, call, keyId),
    userKeysChanged: (call) => userKeysChanged(parts, call),

    createUserKey: async (call, input) => full(call, await createUserKey(parts, call, input)),
    updateUserKey: async (call, input) => full(call, await updateUserKey(parts, call, input)),
    activateUserKey: async (call, input) => withNewest(call, await activateUserKey(parts, call, input)),
    rotateUserKey: async (call, input) => withNewest(call, await rotateUserKey(parts, call, input)),
    configureAutomaticRotation: async (call, input) =>
      full(call, await configureAutomaticRotation(parts, call, input)),
    enableAccessControl: async (call, input) => entitled(call, await enableAccessControl(parts, call, input)),
    disableAccessControl: async (call, input) =>
      entitled(call, await disableAccessControl(parts, call, input)),
    addAllowedSubjects: async (call, input) => entitled(call, await addAllowedSubjects(parts, call, input)),
    removeAllowedSubjects: async (call, input) =>
      entitled(call, await removeAllowedSubjects(parts, call, input)),
    getImportParameters: (call, input) => getImportParameters(parts, call, input),
    importKeyVersion: async (call, input) => withNewest(call, await importKeyVersion(parts, call, input)),
    activateKeyVersion: async (call, input) =>
      withVersion(call, await activateKeyVersion(parts, call, input), input.version),
    deactivateKeyVersion: async (call, input) =>
      withVersion(call, await deactivateKeyVersion(parts, call, input), input.version),
    destroyKeyVersion: async (call, input) =>
      withVersion(call, await destroyKeyVersion(parts, call, input), input.version),
    restoreKeyVersion: async (call, input) =>
      withVersion(call, await restoreKeyVersion(parts, call, input), input.version),
    deleteUserKey: (call, input) => deleteUserKey(parts, call, input),

    encrypt: (call, input) => encrypt(parts, call, input),
    encryptBatch: (call, items) => encryptBatch(parts, call, items),
    decrypt: (call, input) => decrypt(parts, call, input),
    decryptBatch: (call, items) => decryptBatch(parts, call, items),
    reEncrypt: (call, input) => reEncrypt(parts, call, input),
    reEncryptBatch: (call, items) => reEncryptBatch(parts, call, items),
    generateDataKey: (call, input, disclose) => generateDataKey(parts, call, input, disclose),
    sign: (call, input) => sign(parts, call, input),
    signBatch: (call, items) => signBatch(parts, call, items),
    verify: (call, input) => verify(parts, call, input),
    verifyBatch: (call, items) => verifyBatch(parts, call, items),
    generateMac: (call, input) => generateMac(parts, call, input),
    generateMacBatch: (call, items) => generateMacBatch(parts, call, items),
    verifyMac: (call, input) => verifyMac(parts, call, input),
    encapsulate: (call, input) => encapsulate(parts, call, input),
    decapsulate: (call, input) => decapsulate(parts, call, input),
    deriveSharedSecret: (call, input) => deriveSharedSecret(parts, call, input),
    generateDataKeyPair: (call, input, disclose) => generateDataKeyPair(parts, call, input, disclose),
    generateRandom: (call, bytes) => generateRandom(parts, call, bytes),
    encryptWithServiceKey: services.encrypt,
    decryptWithServiceKey: services.decrypt,
    generateServiceDataKey: services.generateDataKey,
  }
}
