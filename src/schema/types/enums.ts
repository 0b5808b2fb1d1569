import { errorCodes } from '../../errors.ts'
import type { KeyAlgorithmView } from '../../keys/reading/algorithms.ts'
import { generationUnits, offeredAlgorithms } from '../../keys/reading/algorithms.ts'
import type { FullKeyView } from '../../keys/reading/views.ts'
import type {
  ListedPermission,
  OperationPermission,
  KeyPermission as Permission,
} from '../../keys/rules/access.ts'
import type { ExplainedOperation } from '../../keys/rules/access-reasons.ts'
import type { roles } from '../../keys/rules/caller.ts'
import { builder } from '../builder.ts'

type KeyUsageName = KeyAlgorithmView['usages'][number]
type SigningAlgorithmName = KeyAlgorithmView['signingAlgorithms'][number]

export const KeyStatus = builder.enumType('KeyStatus', {
  description: 'State of a key; it follows from the states of its versions.',
  values: {
    PRE_ACTIVATION: { description: 'The key has no version yet: `activateUserKey` generates the first.' },
    ACTIVE: { description: 'At least one version is ACTIVE.' },
    DEACTIVATED: { description: 'The key has versions, and none is ACTIVE.' },
  } as const,
})

export const KeyVersionStatus = builder.enumType('KeyVersionStatus', {
  description: 'State of a key version (after NIST SP 800-57 Part 1 §7).',
  values: {
    ACTIVE: { description: 'Decrypts and verifies; encrypts and signs if it is the default version.' },
    DEACTIVATED: { description: 'Does nothing, not even decrypt, until it is activated again.' },
    DESTROY_SCHEDULED: {
      description:
        'Does nothing; its material is erased when the waiting period ends, unless it is restored.',
    },
    DESTROYED: {
      description: 'Its material is erased. Nothing that only this version opens can be read again.',
    },
  } as const,
})

export const CannotProtectReason = builder.enumType('CannotProtectReason', {
  description:
    'Why a key does not protect new data, that is encrypt, make data keys, sign, generate MACs and encapsulate: because of its state, or because the caller may not see its state.',
  values: {
    NO_VERSION: {
      description:
        'It has no version yet. Call `activateUserKey`, or import a version if its origin is EXTERNAL.',
    },
    DEFAULT_VERSION_DEACTIVATED: {
      description:
        'Its default version is DEACTIVATED. Call `activateKeyVersion`, or `rotateUserKey` for a new default version.',
    },
    DEFAULT_VERSION_DESTROY_SCHEDULED: {
      description:
        'Its default version is DESTROY_SCHEDULED. Call `restoreKeyVersion` and then `activateKeyVersion`, or `rotateUserKey` for a new default version.',
    },
    DEFAULT_VERSION_DESTROYED: {
      description:
        'Its newest version is DESTROYED. Call `rotateUserKey`, or import a version if its origin is EXTERNAL. Service keys wait for their automatic rotation.',
    },
    NO_ACCESS: {
      description:
        'The key is redacted for the caller, to whom its state is not shown. Says nothing else: it is the same for every redacted key. Ask its owner for access.',
    },
  } satisfies Record<NonNullable<FullKeyView['cannotProtectReason']> | 'NO_ACCESS', object>,
})

export const KeyType = builder.enumType('KeyType', {
  description: 'One secret key, or a key pair.',
  values: {
    SYMMETRIC: { description: 'One secret key.' },
    ASYMMETRIC: { description: 'A private key and a public key, which is not secret.' },
  } as const,
})

const usageDescriptions: Record<KeyUsageName, string> = {
  ENCRYPT_DECRYPT: 'Encrypt and decrypt data; symmetric keys also protect data keys.',
  SIGN_VERIFY: 'Sign messages and verify signatures.',
  GENERATE_VERIFY_MAC: 'Generate and verify message authentication codes.',
  KEY_ENCAPSULATION: 'Encapsulate and decapsulate shared secrets.',
  KEY_AGREEMENT: 'Derive secrets that two parties share.',
}

export const KeyUsage = builder.enumType('KeyUsage', {
  description: 'Purpose of a key. A key has one usage for life (NIST SP 800-57 Part 1 §5.2).',
  values: Object.fromEntries(
    [...new Set(offeredAlgorithms.flatMap(({ usages }) => usages))].map((usage) => [
      usage,
      { description: usageDescriptions[usage] },
    ]),
  ) as Record<KeyUsageName, { description: string }>,
})

export const KeyAlgorithm = builder.enumType('KeyAlgorithm', {
  description: 'Algorithm and size of a key. `keyAlgorithms` tells which ones this server lets you create.',
  values: Object.fromEntries(
    offeredAlgorithms.map(({ algorithm, description, standard }) => [
      algorithm,
      { description: `${description} (${standard})${costOf(algorithm)}` },
    ]),
  ),
})

/** A sentence for algorithms whose keys cost more than the field that creates them. */
function costOf(algorithm: string): string {
  const units = generationUnits(algorithm)
  return units === 1 ? '' : `. Each version costs ${units} units of the rate limit to generate.`
}

export const EncryptionAlgorithm = builder.enumType('EncryptionAlgorithm', {
  description: 'Padding of RSA encryption: RSAES-OAEP (RFC 8017 §7.1), MGF1 with the same hash, empty label.',
  values: {
    RSAES_OAEP_SHA_256: { description: 'With SHA-256: the default, and the padding that `encrypt` uses.' },
    RSAES_OAEP_SHA_1: { description: 'With SHA-1, to decrypt what other software made.' },
    RSAES_OAEP_SHA_384: { description: 'With SHA-384.' },
    RSAES_OAEP_SHA_512: { description: 'With SHA-512.' },
  } as const,
})

const signingDescriptions: Record<SigningAlgorithmName, string> = {
  RSASSA_PSS_SHA_256: 'RSASSA-PSS with SHA-256 and a salt of 32 bytes (RFC 8017 §8.1).',
  RSASSA_PSS_SHA_384: 'RSASSA-PSS with SHA-384 and a salt of 48 bytes (RFC 8017 §8.1).',
  RSASSA_PSS_SHA_512: 'RSASSA-PSS with SHA-512 and a salt of 64 bytes (RFC 8017 §8.1).',
  RSASSA_PKCS1_V1_5_SHA_256: 'RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2).',
  RSASSA_PKCS1_V1_5_SHA_384: 'RSASSA-PKCS1-v1_5 with SHA-384 (RFC 8017 §8.2).',
  RSASSA_PKCS1_V1_5_SHA_512: 'RSASSA-PKCS1-v1_5 with SHA-512 (RFC 8017 §8.2).',
  ECDSA_SHA_256: 'ECDSA with SHA-256 (FIPS 186-5 §6.4).',
  ECDSA_SHA_384: 'ECDSA with SHA-384 (FIPS 186-5 §6.4).',
  ECDSA_SHA_512: 'ECDSA with SHA-512 (FIPS 186-5 §6.4).',
  ED25519: 'Ed25519 (RFC 8032 §5.1).',
  ED448: 'Ed448 (RFC 8032 §5.2).',
  ML_DSA_44: 'ML-DSA-44 (FIPS 204).',
  ML_DSA_65: 'ML-DSA-65 (FIPS 204).',
  ML_DSA_87: 'ML-DSA-87 (FIPS 204).',
}

const offeredSigningAlgorithms = new Set(
  offeredAlgorithms.flatMap(({ signingAlgorithms }) => signingAlgorithms),
)

export const SigningAlgorithm = builder.enumType('SigningAlgorithm', {
  description: 'Signature scheme and hash.',
  values: Object.fromEntries(
    [...offeredSigningAlgorithms].map((name) => [name, { description: signingDescriptions[name] }]),
  ) as Record<SigningAlgorithmName, { description: string }>,
})

export const MessageType = builder.enumType('MessageType', {
  description: 'Tells whether the bytes to sign are the message or its digest.',
  values: {
    MESSAGE: { description: 'The message itself, which the server hashes.' },
    DIGEST: { description: 'The digest of the message with the hash of the scheme. RSASSA-PKCS1-v1_5 only.' },
  } as const,
})

export const SignatureEncoding = builder.enumType('SignatureEncoding', {
  description: 'Form of ECDSA signatures; other schemes have one form only and ignore it.',
  values: {
    DER: { description: 'ASN.1 DER (RFC 3279 §2.2.3).' },
    P1363: { description: 'The two integers side by side, as in JWS (IEEE P1363; RFC 7518 §3.4).' },
  } as const,
})

export const KeyOrigin = builder.enumType('KeyOrigin', {
  description: 'Origin of the key material.',
  values: {
    KEYSTEAD: { description: 'Made by Keystead; it never leaves it.' },
    EXTERNAL: {
      description: 'Imported by the managers of the key, who may keep a copy; never rotated by the system.',
    },
  } as const,
})

export const KeyMaterialFormat = builder.enumType('KeyMaterialFormat', {
  description: 'Form of key material to import, before it is wrapped.',
  values: {
    RAW: { description: 'The bytes of a symmetric key and nothing else.' },
    PKCS8_DER: {
      description:
        'A private key as unencrypted PKCS#8 in DER (RFC 5958). Attributes and an attached public key are left behind.',
    },
  } as const,
})

export const SubjectKind = builder.enumType('SubjectKind', {
  description: 'Kind of a subject.',
  values: {
    USER: { description: 'A person.' },
    GROUP: { description: 'A group of callers.' },
    SERVICE_ACCOUNT: { description: 'A program with an account of its own.' },
    SERVICE_AGENT: { description: 'A service of the platform, acting for a project.' },
    SYSTEM: { description: 'Keystead itself, e.g. automatic rotation.' },
  } as const,
})

export const Role = builder.enumType('Role', {
  description: 'Role of a caller in its project, from its token or by a role binding.',
  values: {
    PROJECT_ADMIN: {
      description: 'View, use, create and manage keys, read the audit trail, and give roles.',
    },
    PROJECT_MEMBER: { description: 'View, use and create keys; manage own keys.' },
    PROJECT_READER: { description: 'View keys.' },
    KMS_MANAGER: { description: 'View, use, create and manage keys, and read the audit trail.' },
    KMS_USER: { description: 'View and use keys.' },
    KMS_VIEWER: { description: 'View keys.' },
    KMS_ENCRYPTER: { description: 'View keys, encrypt, make data keys, and encapsulate.' },
    KMS_DECRYPTER: { description: 'View keys, decrypt, decapsulate, and derive shared secrets.' },
    KMS_SIGNER: { description: 'View keys, sign, and generate MACs.' },
    KMS_VERIFIER: { description: 'View keys, and verify signatures and MACs.' },
    KMS_AUDITOR: { description: 'View keys and read the audit trail; change and use nothing.' },
  } satisfies Record<(typeof roles)[number], object>,
})

const operationValues = {
  ENCRYPT: { description: 'Encrypt, and make data keys; of the destination, re-encrypt.' },
  DECRYPT: { description: 'Decrypt; of the source, re-encrypt.' },
  SIGN: { description: 'Sign messages and digests.' },
  VERIFY: { description: 'Verify signatures.' },
  GENERATE_MAC: { description: 'Generate MACs.' },
  VERIFY_MAC: { description: 'Verify MACs.' },
  ENCAPSULATE: { description: 'Make shared secrets, and ciphertexts that carry them.' },
  DECAPSULATE: { description: 'Recover shared secrets from ciphertexts.' },
  DERIVE: { description: 'Derive the secrets that the key shares with the owners of other public keys.' },
} satisfies Record<OperationPermission, object>

const manageValue = { description: 'Update, rotate, change states, configure access, delete.' }

export const AccessListPermission = builder.enumType('AccessListPermission', {
  description: 'Permission that an entry of an access list can name.',
  values: {
    VIEW: { description: 'See all fields of the key. Every entry gives it.' },
    ...operationValues,
    MANAGE: manageValue,
  } satisfies Record<ListedPermission, object>,
})

export const KeyOperation = builder.enumType('KeyOperation', {
  description: 'What an explanation of access can be about.',
  values: {
    VIEW: { description: 'See all fields of the key and its versions.' },
    ...operationValues,
    MANAGE: manageValue,
    READ_AUDIT: { description: 'Read the audit trail of the key.' },
  } satisfies Record<ExplainedOperation, object>,
})

export const KeyPermission = builder.enumType('KeyPermission', {
  description: 'Permission of a caller on a key, or in its project.',
  values: {
    VIEW: { description: 'See all fields of keys and their versions.' },
    ...operationValues,
    CREATE: { description: 'Create user keys. Of a project only.' },
    MANAGE: manageValue,
    MANAGE_OWN: { description: 'The same, for keys that the caller owns. Of a project only.' },
    READ_AUDIT: { description: 'Read the audit trail, and see the callers that use a version.' },
    MANAGE_ROLES: { description: 'Bind roles to subjects, and see these bindings. Of a project only.' },
  } satisfies Record<Permission, object>,
})

const errorDescriptions: Record<(typeof errorCodes)[number], string> = {
  UNAUTHENTICATED: 'No token, or none that is accepted. Top level; HTTP status 401.',
  FORBIDDEN: 'The caller may not do this: `ForbiddenError`. Top level in queries and subscriptions.',
  BAD_REQUEST: 'The request is not well-formed GraphQL. Top level; HTTP status 400.',
  BAD_USER_INPUT: 'A value cannot be read as its scalar. Top level; HTTP status 400.',
  PAYLOAD_TOO_LARGE: 'The body of the request is too large. Top level; HTTP status 413.',
  UNTRUSTED_DOCUMENT:
    'The server answers only trusted documents, and this is not one of them. Top level; HTTP status 400.',
  PERSISTED_QUERY_NOT_SUPPORTED:
    'The server has no documents by their hashes: send the document. Top level; HTTP status 400.',
  PERSISTED_QUERY_NOT_FOUND:
    'The server has no document with this hash: send the document. Top level; HTTP status 400.',
  RATE_LIMITED: 'The caller has exceeded its rate limit. Top level; HTTP status 429.',
  UNAVAILABLE: 'The server cannot do this at the moment. Top level.',
  INTERNAL:
    'Internal error. The message has the ID of the request, which the operator finds in the log. Top level.',
  INPUT_VALIDATION:
    'The input is not acceptable: `InputValidationError`. Top level in queries, and for a list that is far too long.',
  KEY_NOT_FOUND: 'No such key in the project of the caller: `KeyNotFoundError`.',
  KEY_VERSION_NOT_FOUND: 'No such version of the key: `KeyVersionNotFoundError`.',
  NAME_TAKEN: 'A key of the project has this name or alias: `NameTakenError`.',
  INVALID_KEY_STATE: 'Not possible in the state of the key or version: `InvalidKeyStateError`.',
  INVALID_KEY_USAGE: 'The key is for something else: `InvalidKeyUsageError`.',
  INVALID_KEY_ORIGIN: 'The origin of the key does not fit the operation: `InvalidKeyOriginError`.',
  INVALID_IMPORT_PARAMETERS: 'Unknown, expired or used import parameters: `InvalidImportParametersError`.',
  INVALID_KEY_MATERIAL: 'The imported material does not fit the key: `InvalidKeyMaterialError`.',
  CONFLICT: 'The key has changed meanwhile: `ConflictError`.',
  LOCKOUT: 'The caller would lose its own access, or the project its last administrator: `LockoutError`.',
  INVALID_CIPHERTEXT: 'Decryption failed, for whatever cause: `InvalidCiphertextError`.',
  NOT_DECRYPTABLE_IN_GRAPH:
    'Queries may not decrypt with the key: `UserKey.decryptableInGraph` is false. Top level, of one field.',
  ENCRYPTION_LIMIT: 'The version has reached its limit of encryptions: `EncryptionLimitError`.',
  OTHER: 'Any further error that the caller can act on: `OtherError`, whose `codeText` tells which.',
}

export const ErrorCode = builder.enumType('ErrorCode', {
  description: 'All codes of error types, and of `extensions.code` of top-level errors.',
  values: Object.fromEntries(
    errorCodes.map((code) => [code, { description: errorDescriptions[code] }]),
  ) as Record<(typeof errorCodes)[number], { description: string }>,
})
