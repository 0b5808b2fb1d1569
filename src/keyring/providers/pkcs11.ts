import { freshRandomBytes } from '../../crypto/secrets.ts'
import { readSecretFile, SecretFileError } from '../../secret-file.ts'
import {
  type RootKey,
  RootKeyError,
  type RootKeySource,
  type Warn,
  WrappedBytesError,
} from '../root-key-provider.ts'
import { createHsmConnection, type HsmConnection, type HsmSession } from './pkcs11-connection.ts'
import { createHsmKey, findHsmKey, type HsmKey } from './pkcs11-key.ts'
import { ck, codeOf, type Mechanism } from './pkcs11-module.ts'

const nonceBytes = 12
const tagBytes = 16
const probe = Buffer.from('keystead root key probe')

/** Codes that blame the bytes and not the HSM; some HSMs use a less specific one. */
const badBytesCodes = [
  'CKR_ENCRYPTED_DATA_INVALID',
  'CKR_ENCRYPTED_DATA_LEN_RANGE',
  'CKR_AEAD_DECRYPT_FAILED',
]

/** Connection settings of the HSM, and the labels of its root keys. */
export interface Pkcs11Settings {
  /** Path of the HSM's library. */
  readonly library: string
  /** Label of the token. */
  readonly token: string
  /** Labels of the root keys, the newest first. */
  readonly keyLabels: readonly string[]
  /** The user PIN, or the file with it. */
  readonly pin: string | null
  readonly pinFile: string | null
}

/** Root keys that never leave an HSM, whatever is wrapped and unwrapped with them. */
export interface Pkcs11Source extends RootKeySource {
  /** Creates the key of the first label in the HSM and returns the root key's ID. Fails if the key exists. */
  create(): Promise<string>
}

/** Root keys in an HSM, reached through its PKCS #11 library. */
export function createPkcs11Source(settings: Pkcs11Settings, warn: Warn = () => {}): Pkcs11Source {
  const { library, token, keyLabels } = settings
  const connection = createHsmConnection({ library, token, readPin: () => readPin(settings, warn) })
  const [newest = ''] = keyLabels
  return {
    load: () => Promise.all(keyLabels.map((label) => openRootKey(connection, label))),
    create: () => connection.run(async (hsm) => createHsmKey(hsm, newest)),
    add: null,
    remove: null,
    advice: {
      add: 'Make a key in the HSM: set PKCS11_KEY_LABEL to a new label and run keystead root-key create. Set PKCS11_PREVIOUS_KEY_LABELS to the former label, and restart all servers so.',
      remove:
        'Take their labels out of PKCS11_PREVIOUS_KEY_LABELS, restart all servers, then remove them from the HSM with its own tools.',
    },
  }
}

async function readPin({ pin, pinFile }: Pkcs11Settings, warn: Warn): Promise<string> {
  if (pin !== null) return pin
  const text = await readSecretFile(pinFile ?? '', { what: 'PIN file', warn }).catch((error: unknown) => {
    throw error instanceof SecretFileError ? new RootKeyError(error.message) : error
  })
  return text.trim()
}

async function openRootKey(connection: HsmConnection, label: string): Promise<RootKey> {
  let found: { readonly on: object; readonly key: HsmKey } | null = null

  /** The key's handle, looked up once for each connection; another key of the same label is not taken for it. */
  function keyOn(hsm: HsmSession): HsmKey {
    if (found?.on === hsm.connection) return found.key
    const key = findHsmKey(hsm, label)
    if (found !== null && found.key.rootKeyId !== key.rootKeyId) {
      throw new RootKeyError(`the HSM's key ${label} was replaced by another one`)
    }
    found = { on: hsm.connection, key }
    return key
  }

  async function seal(hsm: HsmSession, plaintext: Uint8Array, associatedData: Uint8Array): Promise<Buffer> {
    const { module, session } = hsm
    const { handle } = keyOn(hsm)
    const nonce = freshRandomBytes(nonceBytes)
    module.C_EncryptInit(session, gcm(nonce, associatedData), handle)
    const out = Buffer.alloc(plaintext.length + tagBytes)
    const copy = Buffer.from(plaintext)
    try {
      return Buffer.concat([nonce, await module.C_EncryptAsync(session, copy, out)])
    } finally {
      copy.fill(0)
    }
  }

  async function openSealed(
    hsm: HsmSession,
    wrapped: Uint8Array,
    associatedData: Uint8Array,
  ): Promise<Buffer> {
    const { module, session } = hsm
    const { handle } = keyOn(hsm)
    const bytes = Buffer.from(wrapped)
    module.C_DecryptInit(session, gcm(bytes.subarray(0, nonceBytes), associatedData), handle)
    const body = bytes.subarray(nonceBytes)
    return module.C_DecryptAsync(session, body, Buffer.alloc(body.length))
  }

  const { rootKeyId, sealedProbe } = await connection.run(async (hsm) => ({
    rootKeyId: keyOn(hsm).rootKeyId,
    sealedProbe: await seal(hsm, probe, probe),
  }))

  const badBytes = () =>
    new WrappedBytesError('wrapped bytes do not open: they were changed or moved to another place')

  return {
    rootKeyId,
    formerly: null,
    async wrap(plaintext, associatedData) {
      return { rootKeyId, wrapped: await connection.run((hsm) => seal(hsm, plaintext, associatedData)) }
    },
    async unwrap(wrapped, associatedData) {
      if (wrapped.rootKeyId !== rootKeyId) {
        throw new WrappedBytesError(
          `the data was wrapped by root key ${wrapped.rootKeyId}, but the configured root key is ${rootKeyId}`,
        )
      }
      if (wrapped.wrapped.length < nonceBytes + tagBytes) throw badBytes()
      return connection.run(async (hsm) => {
        try {
          return await openSealed(hsm, wrapped.wrapped, associatedData)
        } catch (error) {
          const code = codeOf(error)
          if (code === null) throw error
          if (badBytesCodes.includes(code)) throw badBytes()
          // Changed bytes must not look like a lost HSM, nor a lost HSM like changed bytes: good bytes tell them apart.
          const isUsable = await openSealed(hsm, sealedProbe, probe).then(
            () => true,
            () => false,
          )
          throw isUsable ? badBytes() : error
        }
      })
    },
    async checkHealth() {
      await connection.run((hsm) => openSealed(hsm, sealedProbe, probe))
    },
  }
}

function gcm(nonce: Buffer, associatedData: Uint8Array): Mechanism {
  const parameter = {
    type: ck.gcmParams,
    iv: nonce,
    aad: Buffer.from(associatedData),
    ivBits: nonceBytes * 8,
    tagBits: tagBytes * 8,
  }
  return { mechanism: ck.aesGcm, parameter }
}
