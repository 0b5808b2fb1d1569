import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Arguments } from './command-line.ts'
import { connect, isUnprotected } from './connect.ts'
import { DemoError } from './describe-error.ts'
import { decryptFile, encryptFile, type JobReport } from './file-encryption.ts'
import { dataKeyBytes, encodeHeader, FileFormatError, type FileHeader, wrappingAad } from './file-format.ts'
import type { KeysteadClient } from './keystead-client.ts'
import { assertNothingAt } from './new-file.ts'
import { startOwnServer } from './own-server.ts'
import { createProgress, formatSize } from './progress.ts'

/** What to do, with which file. */
export interface Task {
  readonly args: Arguments
  readonly file: { readonly path: string; readonly name: string; readonly bytes: number }
  /** Ends the task early; what it has made is removed then too. */
  readonly signal: AbortSignal
}

/** Encrypts, rotates, decrypts, compares, and removes what it has made. */
export async function runRoundTrip({ args, file, signal }: Task): Promise<void> {
  const encryptedPath = `${file.path}.keystead`
  await assertNothingAt(encryptedPath)
  title(`Envelope encryption of ${file.name} (${formatSize(file.bytes)}) with Keystead`)
  // Whatever is put on this stack is undone at the end, in reverse order, also after an error.
  await using undo = new AsyncDisposableStack()

  heading('1. Reach Keystead')
  const { client } = await reachKeystead({ args, signal, undo })

  heading('2. A key that never leaves Keystead')
  const keyId = args.keyId ?? (await createKey(client))
  if (args.keyId !== null) say(`Using the key that you named, ${keyId}.`)

  heading('3. A data key for this file alone')
  const fileId = randomUUID()
  const dataKey = await client.generateDataKey({
    key: keyId,
    lengthBytes: dataKeyBytes,
    aad: wrappingAad(fileId),
  })
  const { versionNumber: keyVersion, wrapped, plaintext } = dataKey
  say(
    `Keystead made ${dataKeyBytes} random bytes and sent them in two forms: as they are, and wrapped, that is`,
  )
  say(`encrypted, by version ${keyVersion} of the key. It keeps neither.`)
  say(`The wrapped form opens only together with the text "${wrappingAad(fileId)}".`)

  heading('4. Encrypt the file on this machine')
  const header = { fileId, keyId: dataKey.keyId, keyVersion, wrappedKey: wrapped.toString('base64') }
  let keepsEncrypted = false
  let original: JobReport
  try {
    const { update: onProgress } = createProgress('encrypting', file.bytes)
    const job = { source: file.path, destination: encryptedPath, onProgress, signal }
    original = await encryptFile(job, { header, dataKey: plaintext })
    undo.defer(async () => {
      if (!keepsEncrypted) await rm(encryptedPath, { force: true })
    })
  } finally {
    // As well as a program can: the text of the answer, too, was in memory, until the runtime reuses it.
    plaintext.fill(0)
  }
  say(
    `Wrote ${file.name}.keystead: ${encodeHeader(header).length} bytes of header with the wrapped data key, then`,
  )
  say(`${countSegments(original)}, each encrypted with AES-256-GCM under the data key.`)
  say('No byte of the file went to Keystead. The data key is erased; only its wrapped form is left.')
  say(`SHA-256 of the original:  ${original.sha256}`)

  heading('5. Rotate the key')
  const rotated = await client.rotateUserKey({ key: keyId, expectedDefaultVersionNumber: keyVersion })
  say(
    `Version ${rotated.versionNumber} wraps new data keys from now on. Version ${keyVersion} still unwraps what it wrapped,`,
  )
  say('so that no file has to be encrypted again.')

  heading('6. Decrypt')
  const folder = await mkdtemp(join(dirname(file.path), '.keystead-demo-'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const job = { source: encryptedPath, destination: join(folder, 'decrypted'), signal }
  const decrypted = await decrypt(job, { client, bytes: original.bytes })
  if (decrypted.sha256 !== original.sha256) throw new DemoError('The decrypted file is not the original.')
  say('Both are the same.')

  keepsEncrypted = args.keep
  sayWhatIsLeft({ args, file, keyId })
}

/** Decrypts a file that was kept. */
export async function runDecryption({ args, file, signal }: Task): Promise<void> {
  const destination = file.path.replace(/\.keystead$/, '')
  await assertNothingAt(destination)
  title(`Decryption of ${file.name} (${formatSize(file.bytes)}) with Keystead`)
  await using undo = new AsyncDisposableStack()
  heading('1. Reach Keystead')
  const { client } = await reachKeystead({ args, signal, undo })
  heading('2. Decrypt')
  await decrypt({ source: file.path, destination, signal }, { client, bytes: file.bytes })
  say(`Wrote ${destination}.`)
}

async function reachKeystead({
  args,
  signal,
  undo,
}: Pick<Task, 'args' | 'signal'> & { readonly undo: AsyncDisposableStack }) {
  if (args.url === null) {
    say('No --url was given: starting a server for this demo, which takes some seconds …')
    const { url } = undo.use(await startOwnServer(signal))
    say(`It runs on ${url}; at the end it is removed with all its data.`)
    const connection = await connect({ url, token: null, signal })
    say(connection.identity)
    return connection
  }
  if (isUnprotected(args.url)) {
    console.error('Warning: without https everybody on the way can read your token and the data key.')
  }
  const connection = await connect({ url: args.url, token: args.token, signal })
  say(`Keystead is ${args.url}.`)
  say(connection.identity)
  return connection
}

async function createKey(client: KeysteadClient): Promise<string> {
  const key = await client.createUserKey({
    name: `demo-${randomBytes(4).toString('hex')}`,
    description: 'Made by the demo of envelope encryption.',
  })
  say(`Made the user key "${key.name}" (${key.algorithm}, version ${key.defaultVersion.number}).`)
  say(`Its ID is ${key.id}; nobody but Keystead ever sees the key itself.`)
  return key.id
}

async function decrypt(
  job: { readonly source: string; readonly destination: string; readonly signal: AbortSignal },
  { client, bytes }: { readonly client: KeysteadClient; readonly bytes: number },
): Promise<JobReport> {
  const { update: onProgress } = createProgress('decrypting', bytes)
  const report = await decryptFile({ ...job, onProgress }, async (header) => {
    const dataKey = await unwrapDataKey(client, header)
    say(
      `Keystead unwrapped the data key from the header with version ${header.keyVersion} of the key, and has`,
    )
    say('recorded who asked for that, and when.')
    return dataKey
  })
  say(`Verified the tag of ${countSegments(report)}, each before its bytes were written.`)
  say(`SHA-256 of the decrypted: ${report.sha256}`)
  return report
}

/** Has Keystead unwrap the data key of a file. */
export async function unwrapDataKey(client: KeysteadClient, header: FileHeader): Promise<Uint8Array> {
  const unwrapped = await client.decrypt({
    ciphertext: Buffer.from(header.wrappedKey, 'base64'),
    aad: wrappingAad(header.fileId),
  })
  const { keyId, versionNumber, plaintext } = unwrapped
  if (keyId !== header.keyId || versionNumber !== header.keyVersion || plaintext.length !== dataKeyBytes) {
    plaintext.fill(0)
    throw new FileFormatError(
      'The header of the file names another key than the one that wrapped its data key.',
    )
  }
  return plaintext
}

function countSegments({ segments }: JobReport): string {
  return segments === 1 ? '1 segment' : `${segments} segments`
}

function sayWhatIsLeft({ args, file, keyId }: Omit<Task, 'signal'> & { readonly keyId: string }): void {
  heading('What is left')
  if (args.url !== null && args.keyId === null) say(`The key ${keyId} stays in Keystead.`)
  if (!args.keep) say(`Nothing here: ${file.name}.keystead is removed (--keep keeps it).`)
  else if (args.url === null) {
    say(
      `${file.path}.keystead, for you to look at. Nobody can decrypt it any more: its key goes with the server.`,
    )
  } else {
    say(`${file.path}.keystead. To decrypt it, where there is no ${file.name}:`)
    say(`  npm run demo -- --decrypt FILE.keystead --url ${args.url}`)
  }
}

function title(text: string): void {
  console.log(text)
}

function heading(text: string): void {
  console.log(`\n${text}`)
}

function say(line: string): void {
  console.log(`   ${line}`)
}
