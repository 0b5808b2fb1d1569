import { freshRandomBytes } from '../../crypto/secrets.ts'
import { RootKeyError } from '../root-key-provider.ts'
import { type HsmSession, MissingKeyError } from './pkcs11-connection.ts'
import { ck, type Handle } from './pkcs11-module.ts'

/** A root key in an HSM, found there. */
export interface HsmKey {
  readonly handle: Handle
  /** Made of the key's label and CKA_ID: nothing can be derived from a key that never leaves. */
  readonly rootKeyId: string
}

/** AES-256. */
const keyBytes = 32

/**
 * The key of a label.
 *
 * @throws RootKeyError unless there is exactly one, an AES-256 key that cannot be taken out of the HSM
 */
export function findHsmKey({ module, session }: HsmSession, label: string): HsmKey {
  const [handle, other] = findHandles({ module, session }, label)
  if (handle === undefined) throw new MissingKeyError(`the HSM has no secret key with the label ${label}`)
  if (other !== undefined) throw new RootKeyError(`the HSM has several secret keys with the label ${label}`)
  const [type, sensitive, extractable, id] = module
    .C_GetAttributeValue(session, handle, [
      { type: ck.keyType },
      { type: ck.sensitive },
      { type: ck.extractable },
      { type: ck.id },
    ])
    .map(({ value }) => value)
  const [length] = module.C_GetAttributeValue(session, handle, [{ type: ck.valueLength }])
  if (type?.[0] !== ck.aes || length?.value[0] !== keyBytes) {
    throw new RootKeyError(`the HSM's key ${label} is not an AES-256 key`)
  }
  if (sensitive?.[0] !== 1 || extractable?.[0] !== 0) {
    throw new RootKeyError(
      `the HSM's key ${label} can be taken out of it: it must be sensitive and not extractable`,
    )
  }
  return { handle, rootKeyId: ['pkcs11', label, ...(id?.length ? [id.toString('hex')] : [])].join(':') }
}

/**
 * Makes an AES-256 key that can wrap and unwrap and never leaves the HSM; gives the root key's ID.
 *
 * @throws RootKeyError if the label is taken
 */
export function createHsmKey(hsm: HsmSession, label: string): string {
  const { module, session } = hsm
  if (findHandles(hsm, label).length > 0) {
    throw new RootKeyError(`the HSM has a secret key with the label ${label} already`)
  }
  module.C_GenerateKey(session, { mechanism: ck.aesKeyGen }, [
    { type: ck.token, value: true },
    { type: ck.private, value: true },
    { type: ck.sensitive, value: true },
    { type: ck.extractable, value: false },
    { type: ck.modifiable, value: false },
    { type: ck.valueLength, value: keyBytes },
    { type: ck.label, value: label },
    { type: ck.id, value: freshRandomBytes(8) },
    { type: ck.encrypt, value: true },
    { type: ck.decrypt, value: true },
    ...[ck.wrap, ck.unwrap, ck.sign, ck.verify, ck.derive].map((type) => ({ type, value: false })),
  ])
  return findHsmKey(hsm, label).rootKeyId
}

function findHandles({ module, session }: Pick<HsmSession, 'module' | 'session'>, label: string): Handle[] {
  module.C_FindObjectsInit(session, [
    { type: ck.class, value: ck.secretKey },
    { type: ck.label, value: label },
  ])
  try {
    return module.C_FindObjects(session, 2)
  } finally {
    module.C_FindObjectsFinal(session)
  }
}
