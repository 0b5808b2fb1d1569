import type {
  EncryptionAlgorithm,
  ImportFormat,
  KeyType,
  KeyUsage,
  MessageType,
  SignatureEncoding,
  SigningAlgorithm,
} from '../crypto/capabilities.ts'
import type { KeyPermission } from './access.ts'
import type { ExplainAccessInput } from './access-explainer.ts'
import type { AuditReading } from './audit-reading.ts'
import type { Call } from './caller.ts'
import type { ChangeStreams } from './change-streams.ts'
import type { KeyOrigin, KeyStatus } from './errors.ts'
import type { AccessExplanation } from './explain-access.ts'
import type {
  FullUserKeyView,
  KeyVersionUsageView,
  KeyVersionView,
  NodeView,
  PublicKeyView,
  ServiceKeyView,
  UserKeyView,
} from './views.ts'

/** Arguments of a Relay connection; at most one of `first` and `last` is used, default 20, at most 200. */
export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

/** One page of a connection. */
export interface Page<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** Counts all items that the filter matches, in a statement of its own. */
  totalCount(): Promise<number>
}

/** Filter of user keys. Fields other than the first five are hidden on redacted keys: these then match nothing. */
export interface UserKeyFilter {
  readonly namePrefix?: string | null | undefined
  readonly accessControlEnabled?: boolean | null | undefined
  readonly createdBy?: string | null | undefined
  readonly createdAfter?: Date | null | undefined
  readonly createdBefore?: Date | null | undefined
  readonly status?: readonly KeyStatus[] | null | undefined
  readonly type?: KeyType | null | undefined
  readonly usage?: KeyUsage | null | undefined
  readonly algorithm?: readonly string[] | null | undefined
  readonly automaticRotationEnabled?: boolean | null | undefined
}

/** Filter of service keys. */
export interface ServiceKeyFilter {
  readonly namePrefix?: string | null | undefined
  readonly status?: readonly KeyStatus[] | null | undefined
}

/** Order of user keys: always-visible fields only. */
export interface UserKeyOrder {
  readonly field: 'NAME' | 'CREATED_AT'
  readonly direction: 'ASC' | 'DESC'
}

/** What a create form needs to know about one algorithm. */
export interface KeyAlgorithmView {
  readonly algorithm: string
  readonly displayName: string
  readonly type: KeyType
  readonly usages: readonly KeyUsage[]
  readonly securityBits: number
  readonly standard: string
  readonly description: string
  readonly signingAlgorithms: readonly SigningAlgorithm[]
  readonly encryptionAlgorithms: readonly EncryptionAlgorithm[]
}

/** An optional guard against acting on an outdated view. */
interface Expecting {
  readonly expectedRevision?: number | null | undefined
}

export interface CreateUserKeyInput {
  readonly name: string
  readonly description?: string | null | undefined
  readonly preActivation?: boolean | null | undefined
  readonly origin?: KeyOrigin | null | undefined
  readonly type?: KeyType | null | undefined
  readonly usage?: KeyUsage | null | undefined
  readonly algorithm?: string | null | undefined
  readonly automaticRotation?: AutomaticRotationInput | null | undefined
  readonly accessControl?:
    | { readonly enabled: boolean; readonly allowedSubjects?: readonly string[] | null | undefined }
    | null
    | undefined
}
export interface AutomaticRotationInput {
  readonly enabled: boolean
  readonly cycleDays?: number | null | undefined
}
export interface UpdateUserKeyInput extends Expecting {
  readonly keyId: string
  readonly name?: string | null | undefined
  readonly description?: string | null | undefined
}
export interface KeyInput extends Expecting {
  readonly keyId: string
}
export interface RotateUserKeyInput extends Expecting {
  readonly keyId: string
  readonly expectedDefaultVersion?: number | null | undefined
}
export interface ConfigureAutomaticRotationInput extends Expecting, AutomaticRotationInput {
  readonly keyId: string
}
export interface AccessListInput extends Expecting {
  readonly keyId: string
  readonly subjects: readonly string[]
  readonly allowLockout?: boolean | null | undefined
}
export interface KeyVersionInput extends Expecting {
  readonly keyId: string
  readonly version: number
}
export interface DestroyKeyVersionInput extends KeyVersionInput {
  readonly waitingPeriodDays?: number | null | undefined
}
export interface ImportKeyVersionInput extends Expecting {
  readonly keyId: string
  /** `impt_…`. */
  readonly importParametersId: string
  readonly wrappedMaterial: Uint8Array
}

/** What is needed to wrap material for one import. */
export interface ImportParametersView {
  /** `impt_…`. */
  readonly id: string
  readonly publicKey: PublicKeyView
  readonly expiresAt: Date
  readonly material: ImportFormat
}

export interface DeleteUserKeyInput extends Expecting {
  readonly keyId: string
  readonly confirmName: string
}

/** A changed key and the version that changed, where one did. */
export interface KeyVersionChange {
  readonly key: FullUserKeyView
  readonly version: KeyVersionView
}

export interface EncryptInput {
  readonly keyId: string
  readonly plaintext: Uint8Array
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
}
/** `keyId` and `version` are required for asymmetric keys, whose ciphertext does not describe itself. */
export interface DecryptInput {
  readonly ciphertext: Uint8Array
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  readonly keyId?: string | null | undefined
  readonly version?: number | null | undefined
  readonly encryptionAlgorithm?: EncryptionAlgorithm | null | undefined
}
export interface ReEncryptInput {
  readonly ciphertext: Uint8Array
  readonly sourceAdditionalAuthenticatedData?: Uint8Array | null | undefined
  /** Null: the key that made the ciphertext. */
  readonly destinationKeyId?: string | null | undefined
  /** Null: the same as of the source. */
  readonly destinationAdditionalAuthenticatedData?: Uint8Array | null | undefined
}
export interface GenerateDataKeyInput {
  readonly keyId: string
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Length of the data key in bytes, 1 to 1,024. */
  readonly bytes: number
}
export interface SignInput {
  readonly keyId: string
  readonly message: Uint8Array
  readonly messageType: MessageType
  /** Null: the first of the key's algorithm. */
  readonly signingAlgorithm?: SigningAlgorithm | null | undefined
  readonly encoding: SignatureEncoding
}
export interface VerifyInput extends SignInput {
  readonly version: number
  readonly signature: Uint8Array
}
export interface GenerateMacInput {
  readonly keyId: string
  readonly message: Uint8Array
}
export interface VerifyMacInput extends GenerateMacInput {
  readonly version: number
  readonly mac: Uint8Array
}
export interface EncapsulateInput {
  readonly keyId: string
}
export interface DecapsulateInput {
  readonly keyId: string
  readonly version: number
  readonly ciphertext: Uint8Array
}
export interface DeriveSharedSecretInput {
  readonly keyId: string
  readonly version: number
  /** SPKI DER. */
  readonly peerPublicKey: Uint8Array
  readonly context: Uint8Array
  /** Length of the output in bytes, 1 to 1,024. */
  readonly bytes: number
}
export interface GenerateDataKeyPairInput {
  readonly keyId: string
  /** Name in the algorithm table of the pair to make. */
  readonly algorithm: string
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
}

/** Which key and version an operation used. */
export interface UsedVersion {
  readonly keyId: string
  readonly version: number
}
export interface EncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
}
export interface DecryptOutput extends UsedVersion {
  readonly plaintext: Buffer
}
export interface ReEncryptOutput extends UsedVersion {
  readonly ciphertext: Buffer
  readonly sourceKeyId: string
  readonly sourceVersion: number
}
export interface DataKeyOutput extends UsedVersion {
  readonly ciphertext: Buffer
  /** Null unless the caller asked for it. */
  readonly plaintext: Buffer | null
}
export interface SignOutput extends UsedVersion {
  readonly signature: Buffer
  readonly signingAlgorithm: SigningAlgorithm
}
export interface VerifyOutput extends UsedVersion {
  readonly valid: boolean
}
export interface GenerateMacOutput extends UsedVersion {
  readonly mac: Buffer
}
export interface SharedSecretOutput extends UsedVersion {
  readonly sharedSecret: Buffer
}
export interface EncapsulateOutput extends SharedSecretOutput {
  readonly ciphertext: Buffer
}
export interface DataKeyPairOutput extends UsedVersion {
  readonly publicKey: PublicKeyView
  /** The private key (PKCS#8 DER), encrypted. */
  readonly privateKeyCiphertext: Buffer
  /** PKCS#8 DER; null unless the caller asked for it. */
  readonly privateKeyPlaintext: Buffer | null
}
/** A result per item, in order: the output, or the error of this item alone. */
export type BatchOutput<T> = readonly (T | Error)[]

/**
 * Everything that Keystead does with keys. Each method checks the caller by itself; refusals and failures are
 * thrown as KeysteadError subclasses. An unknown ID is null in queries and KeyNotFoundError in changes.
 */
export interface Domain extends AuditReading, ChangeStreams {
  /** Throws ForbiddenError for a caller without a viewing role. */
  userKey(call: Call, by: { id: string } | { name: string }): Promise<UserKeyView | null>
  userKeys(
    call: Call,
    page: PageArguments,
    filter: UserKeyFilter,
    order: UserKeyOrder,
  ): Promise<Page<UserKeyView>>
  serviceKey(call: Call, by: { id: string } | { service: string }): Promise<ServiceKeyView | null>
  serviceKeys(call: Call, page: PageArguments, filter: ServiceKeyFilter): Promise<Page<ServiceKeyView>>
  /** In the order of the IDs; null for what is not there for this caller. */
  nodes(call: Call, ids: readonly string[]): Promise<(NodeView | null)[]>
  /** Null unless the caller may manage the key. */
  explainAccess(call: Call, input: ExplainAccessInput): Promise<AccessExplanation | null>
  /** What the caller may do in its project, whichever key. */
  projectPermissions(call: Call): readonly KeyPermission[]
  keyAlgorithms(
    call: Call,
    filter: { usage?: KeyUsage | null | undefined; type?: KeyType | null | undefined },
  ): KeyAlgorithmView[]

  /** One version of each of several keys, in a constant number of statements. */
  versionsByNumber(
    call: Call,
    wanted: readonly { key: FullUserKeyView | ServiceKeyView; number: number }[],
  ): Promise<(KeyVersionView | null)[]>
  /** A page of versions, newest first, of each of several keys, in a constant number of statements. */
  versionPages(
    call: Call,
    keys: readonly (FullUserKeyView | ServiceKeyView)[],
    page: PageArguments,
  ): Promise<Page<KeyVersionView>[]>
  /** Whether each of several keys could be deleted as far as its state goes, in a constant number of statements. */
  deletable(call: Call, keys: readonly FullUserKeyView[]): Promise<boolean[]>
  /** How much each of several versions was used, in one statement. */
  usage(call: Call, versions: readonly KeyVersionView[]): Promise<KeyVersionUsageView[]>
  publicKey(version: KeyVersionView): Promise<PublicKeyView | null>

  createUserKey(call: Call, input: CreateUserKeyInput): Promise<FullUserKeyView>
  updateUserKey(call: Call, input: UpdateUserKeyInput): Promise<FullUserKeyView>
  activateUserKey(call: Call, input: KeyInput): Promise<KeyVersionChange>
  rotateUserKey(call: Call, input: RotateUserKeyInput): Promise<KeyVersionChange>
  configureAutomaticRotation(call: Call, input: ConfigureAutomaticRotationInput): Promise<FullUserKeyView>
  /** The view may be redacted with `allowLockout`. */
  enableAccessControl(call: Call, input: AccessListInput): Promise<UserKeyView>
  disableAccessControl(call: Call, input: KeyInput): Promise<UserKeyView>
  addAllowedSubjects(call: Call, input: AccessListInput): Promise<UserKeyView>
  removeAllowedSubjects(call: Call, input: AccessListInput): Promise<UserKeyView>
  getImportParameters(call: Call, input: { readonly keyId: string }): Promise<ImportParametersView>
  importKeyVersion(call: Call, input: ImportKeyVersionInput): Promise<KeyVersionChange>
  activateKeyVersion(call: Call, input: KeyVersionInput): Promise<KeyVersionChange>
  deactivateKeyVersion(call: Call, input: KeyVersionInput): Promise<KeyVersionChange>
  destroyKeyVersion(call: Call, input: DestroyKeyVersionInput): Promise<KeyVersionChange>
  restoreKeyVersion(call: Call, input: KeyVersionInput): Promise<KeyVersionChange>
  deleteUserKey(
    call: Call,
    input: DeleteUserKeyInput,
  ): Promise<{ deletedKeyId: string; deletedKeyName: string }>

  encrypt(call: Call, input: EncryptInput): Promise<EncryptOutput>
  encryptBatch(call: Call, items: readonly EncryptInput[]): Promise<BatchOutput<EncryptOutput>>
  decrypt(call: Call, input: DecryptInput): Promise<DecryptOutput>
  decryptBatch(call: Call, items: readonly DecryptInput[]): Promise<BatchOutput<DecryptOutput>>
  reEncrypt(call: Call, input: ReEncryptInput): Promise<ReEncryptOutput>
  reEncryptBatch(call: Call, items: readonly ReEncryptInput[]): Promise<BatchOutput<ReEncryptOutput>>
  /** `disclosePlaintext` says whether the caller selected the plaintext; the audit record says so too. */
  generateDataKey(call: Call, input: GenerateDataKeyInput, disclosePlaintext: boolean): Promise<DataKeyOutput>
  sign(call: Call, input: SignInput): Promise<SignOutput>
  signBatch(call: Call, items: readonly SignInput[]): Promise<BatchOutput<SignOutput>>
  verify(call: Call, input: VerifyInput): Promise<VerifyOutput>
  verifyBatch(call: Call, items: readonly VerifyInput[]): Promise<BatchOutput<VerifyOutput>>

  generateMac(call: Call, input: GenerateMacInput): Promise<GenerateMacOutput>
  generateMacBatch(call: Call, items: readonly GenerateMacInput[]): Promise<BatchOutput<GenerateMacOutput>>
  verifyMac(call: Call, input: VerifyMacInput): Promise<VerifyOutput>
  encapsulate(call: Call, input: EncapsulateInput): Promise<EncapsulateOutput>
  decapsulate(call: Call, input: DecapsulateInput): Promise<SharedSecretOutput>
  deriveSharedSecret(call: Call, input: DeriveSharedSecretInput): Promise<SharedSecretOutput>
  generateDataKeyPair(
    call: Call,
    input: GenerateDataKeyPairInput,
    disclosePlaintext: boolean,
  ): Promise<DataKeyPairOutput>
  generateRandom(call: Call, bytes: number): Promise<Buffer>

  encryptWithServiceKey(call: Call, input: Omit<EncryptInput, 'keyId'>): Promise<EncryptOutput>
  decryptWithServiceKey(
    call: Call,
    input: { ciphertext: Uint8Array; additionalAuthenticatedData?: Uint8Array | null | undefined },
  ): Promise<DecryptOutput>
  generateServiceDataKey(
    call: Call,
    input: Omit<GenerateDataKeyInput, 'keyId'>,
    disclosePlaintext: boolean,
  ): Promise<DataKeyOutput>
}
