import { RootKeyError } from '../root-key-provider.ts'

/** Handle of a slot, session or object of an HSM. */
export type Handle = Buffer

interface Attribute {
  readonly type: number
  readonly value?: boolean | number | string | Buffer
}

/** A mechanism with its parameter. */
export interface Mechanism {
  readonly mechanism: number
  readonly parameter?: object
}

/** The functions of PKCS #11 2.40 that are used here, as the package pkcs11js offers them. */
export interface Pkcs11 {
  load(path: string): void
  C_Initialize(options: { flags: number }): void
  C_Finalize(): void
  C_GetSlotList(tokenPresent: boolean): Handle[]
  C_GetTokenInfo(slot: Handle): { label: string }
  C_OpenSession(slot: Handle, flags: number): Handle
  C_CloseSession(session: Handle): void
  C_Login(session: Handle, userType: number, pin: string): void
  C_FindObjectsInit(session: Handle, template: Attribute[]): void
  C_FindObjects(session: Handle, max: number): Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(session: Handle, object: Handle, template: Attribute[]): { value: Buffer }[]
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: Attribute[]): Handle
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_EncryptAsync(session: Handle, data: Buffer, out: Buffer): Promise<Buffer>
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_DecryptAsync(session: Handle, data: Buffer, out: Buffer): Promise<Buffer>
}

/** Constants from the header files of PKCS #11 2.40 (OASIS). */
export const ck = {
  lockingOk: 0x02,
  sessionReadWrite: 0x02,
  sessionSerial: 0x04,
  user: 1,
  secretKey: 4,
  aes: 0x1f,
  aesKeyGen: 0x1080,
  aesGcm: 0x1087,
  /** Type for pkcs11js of a CK_GCM_PARAMS in the form of version 2.40, with the bits of the IV. */
  gcmParams: 7,
  class: 0x00,
  token: 0x01,
  private: 0x02,
  label: 0x03,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  wrap: 0x106,
  unwrap: 0x107,
  sign: 0x108,
  verify: 0x10a,
  derive: 0x10c,
  valueLength: 0x161,
  extractable: 0x162,
  modifiable: 0x170,
} as const

/** Loads the package; it is not among the dependencies, since it needs a compiler to be installed. */
export async function loadPkcs11(): Promise<new () => Pkcs11> {
  // Not a literal, so that types are checked also where the package is not installed.
  const name = 'pkcs11js'
  try {
    const { PKCS11 } = ((await import(name)) as { default: { PKCS11: new () => Pkcs11 } }).default
    return PKCS11
  } catch (error) {
    throw new RootKeyError(
      `the package pkcs11js cannot be loaded (${(error as NodeJS.ErrnoException).code ?? 'it was not built for this machine'}). Install it with: npm install --no-save pkcs11js@2.1.7`,
    )
  }
}

/** Name of a PKCS #11 error, e.g. CKR_PIN_INCORRECT; null for other errors. The rest of the error is dropped. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || error instanceof RootKeyError) return null
  return /CKR_[A-Z0-9_]+/.exec(error.message)?.[0] ?? null
}
