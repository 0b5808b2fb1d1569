import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KeysteadClient } from '../../packages/client/src/index.ts'
import type { Arguments } from './command-line.ts'
import { connect, isUnprotected } from './connect.ts'
import { DemoError } from './describe-error.ts'
import { assertNothingAt, writeNewFile } from './new-file.ts'
import { startOwnServer } from './own-server.ts'
import { createProgress, formatSize } from './progress.ts'

/** What to do, with which file. */
export interface Task {
  readonly args: Arguments
  readonly file: { readonly path: string; readonly name: string; readonly bytes: number }
  /** Ends the task early; what it has made is removed then too. */
  readonly signal: AbortSignal
}

/** The data key opens only together with these names and values. The audit trail shows them. */
const context = { program: 'keystead demo' }

/** Encrypts, rotates, decrypts, compares, and removes what it has made. */
export async function runRoundTrip({ args, file, signal }: Task): Promise<void> {
  const encryptedPath = `${file.path}.keystead`
  await assertNothingAt(encryptedPath)
  title(`Envelope encryption of ${file.name} (${formatSize(file.bytes)}) with Keystead`)
  // Whatever is put on this stack is undone at the end, in reverse order, also after an error.
  await using undo = new AsyncDisposableStack()

  heading('1. Reach Keystead')
  const client = await reachKeystead({ args, signal, undo })

  heading('2. A key that never leaves Keystead')
  const key = args.keyId ?? (await createKey(client, signal))
  if (args.keyId !== null) say(`Using the key that you named, ${key}.`)

  heading('3. Encrypt the file on this machine')
  let keepsEncrypted = false
  const original = await encrypt(client, { key, file, destination: encryptedPath, signal })
  undo.defer(async () => {
    if (!keepsEncrypted) await rm(encryptedPath, { force: true })
  })
  // The client would use the data key again. From here on only its wrapped form is left.
  client.close()
  say(
    'Keystead made a data key and sent it in two forms: as it is, and wrapped, that is encrypted, by the key.',
  )
  say(`The wrapped form opens only together with the context program="${context.program}".`)
  say(`Wrote ${file.name}.keystead: the wrapped data key, then the file, encrypted under the data key.`)
  say('No byte of the file went to Keystead. The data key is erased.')
  say(`SHA-256 of the original:  ${original}`)

  heading('4. Rotate the key')
  const { version } = await client.rotateUserKey({ key }, { signal })
  say(
    `Version ${version.number} wraps new data keys from now on. Earlier versions still unwrap what they wrapped,`,
  )
  say('so that no file has to be encrypted again.')

  heading('5. Decrypt')
  const folder = await mkdtemp(join(dirname(file.path), '.keystead-demo-'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const decrypted = await decrypt(client, {
    source: encryptedPath,
    destination: join(folder, 'decrypted'),
    signal,
  })
  if (decrypted !== original) throw new DemoError('The decrypted file is not the original.')
  say('Both are the same.')

  keepsEncrypted = args.keep
  sayWhatIsLeft({ args, file, key })
}

/** Decrypts a file that was kept. */
export async function runDecryption({ args, file, signal }: Task): Promise<void> {
  const destination = file.path.replace(/\.keystead$/, '')
  await assertNothingAt(destination)
  title(`Decryption of ${file.name} (${formatSize(file.bytes)}) with Keystead`)
  await using undo = new AsyncDisposableStack()
  heading('1. Reach Keystead')
  const client = await reachKeystead({ args, signal, undo })
  heading('2. Decrypt')
  await decrypt(client, { source: file.path, destination, signal })
  say(`Wrote ${destination}.`)
}

async function reachKeystead({
  args,
  signal,
  undo,
}: Pick<Task, 'args' | 'signal'> & { readonly undo: AsyncDisposableStack }): Promise<KeysteadClient> {
  let { url } = args
  if (url === null) {
    say('No --url was given: starting a server for this demo, which takes some seconds …')
    url = undo.use(await startOwnServer(signal)).url
    say(`It runs on ${url}; at the end it is removed with all its data.`)
  } else {
    if (isUnprotected(url)) {
      console.error('Warning: without https everybody on the way can read your token and the data key.')
    }
    say(`Keystead is ${url}.`)
  }
  const { client, identity } = await connect({ url, token: args.url === null ? null : args.token, signal })
  undo.defer(() => client.close())
  say(identity)
  return client
}

async function createKey(client: KeysteadClient, signal: AbortSignal): Promise<string> {
  const name = `demo-${randomBytes(4).toString('hex')}`
  const description = 'Made by the demo of envelope encryption.'
  const { userKey } = await client.createUserKey({ name, description }, { signal })
  say(`Made the user key "${name}" (${userKey.algorithm}, version 1).`)
  say(`Its ID is ${userKey.id}; nobody but Keystead ever sees the key itself.`)
  return userKey.id
}

/** Gives the SHA-256 of the file. */
async function encrypt(
  client: KeysteadClient,
  {
    key,
    file,
    destination,
    signal,
  }: Pick<Task, 'file' | 'signal'> & { readonly key: string; readonly destination: string },
): Promise<string> {
  const hash = createHash('sha256')
  const content = shown('encrypting', file.bytes, hashed(hash, createReadStream(file.path)))
  await writeNewFile(destination, await client.envelope.encrypt(content, { key, context, signal }), signal)
  return hash.digest('hex')
}

/** Gives the SHA-256 of what was decrypted. */
async function decrypt(
  client: KeysteadClient,
  { source, destination, signal }: { source: string; destination: string; signal: AbortSignal },
): Promise<string> {
  const hash = createHash('sha256')
  const { size } = await stat(source)
  const envelope = shown('decrypting', size, createReadStream(source))
  const content = await client.envelope.decrypt(envelope, { context, signal })
  say(
    'Keystead unwrapped the data key from the header of the file, and has recorded who asked for that, and when.',
  )
  await writeNewFile(destination, hashed(hash, content), signal)
  const sha256 = hash.digest('hex')
  say('Verified each piece of the file before it was written.')
  say(`SHA-256 of the decrypted: ${sha256}`)
  return sha256
}

async function* hashed(hash: Hash, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of content) {
    hash.update(bytes)
    yield bytes
  }
}

async function* shown(
  label: string,
  totalBytes: number,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { update } = createProgress(label, totalBytes)
  let done = 0
  for await (const bytes of content) {
    yield bytes
    done += bytes.length
    update(done)
  }
}

function sayWhatIsLeft({ args, file, key }: Omit<Task, 'signal'> & { readonly key: string }): void {
  heading('What is left')
  if (args.url !== null && args.keyId === null) say(`The key ${key} stays in Keystead.`)
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
