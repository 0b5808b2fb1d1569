import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FileRecipient, FileSecret } from '../crypto/file-key.ts'
import { readPrivateKey } from '../crypto/read-private-key.ts'
import { readSecretFile, SecretFileError } from '../secret-file.ts'
import { type Caller, CommandError, UsageError } from './command.ts'

const passphraseLengthMin = 12

/** The options by which a passphrase is given; never the passphrase itself, which others could see in a process list. */
export const passphraseOptions = {
  'passphrase-file': {
    type: 'string',
    value: 'FILE',
    meaning: 'The first line of this file is the passphrase.',
  },
  'passphrase-env': {
    type: 'string',
    value: 'NAME',
    meaning: 'The environment variable of this name holds the passphrase.',
  },
} as const

/** The option by which the private key of a recipient is given. */
export const privateKeyOptions = {
  'private-key': {
    type: 'string',
    value: 'FILE',
    meaning: 'X25519 private key (PEM) of the recipient for whom the backup was made.',
  },
} as const

/** Whom a backup is made for, from the options; asks for a passphrase, twice, where they say nothing. */
export async function readRecipient(caller: Caller): Promise<FileRecipient> {
  const path = optionOf(caller, 'recipient')
  if (path !== null) {
    refuseSeveral(caller, 'recipient')
    return { kind: 'x25519', publicKey: toX25519(await readPublic(path), path, 'public') }
  }
  const given = await readGivenPassphrase(caller)
  const passphrase = given ?? (await ask(caller, 'Passphrase for the backup: '))
  if (passphrase.length < passphraseLengthMin) {
    throw new CommandError(`The passphrase needs ${passphraseLengthMin} characters or more.`)
  }
  if (given === null && (await ask(caller, 'The same again: ')) !== passphrase) {
    throw new CommandError('The two are not the same. Nothing was backed up.')
  }
  return { kind: 'scrypt', passphrase: bytesOf(passphrase) }
}

/** What opens a backup, from the options; asks for a passphrase where they say nothing. */
export async function readSecret(caller: Caller): Promise<FileSecret> {
  const path = optionOf(caller, 'private-key')
  if (path !== null) {
    refuseSeveral(caller, 'private-key')
    return {
      kind: 'x25519',
      privateKey: toX25519(await readSecretText(caller, path, 'private key file'), path, 'private'),
    }
  }
  const given = await readGivenPassphrase(caller)
  return { kind: 'scrypt', passphrase: bytesOf(given ?? (await ask(caller, 'Passphrase of the backup: '))) }
}

async function readGivenPassphrase(caller: Caller): Promise<string | null> {
  const [path, variable] = [optionOf(caller, 'passphrase-file'), optionOf(caller, 'passphrase-env')]
  if (path !== null) {
    refuseSeveral(caller, 'passphrase-file')
    return (await readSecretText(caller, path, 'passphrase file')).split(/\r?\n/, 1)[0] ?? ''
  }
  if (variable === null) return null
  const value = caller.environment[variable]
  if (value === undefined || value === '') {
    throw new CommandError(`The environment variable ${variable} is not set.`)
  }
  return value
}

function ask({ askSecret }: Caller, question: string): Promise<string> {
  if (askSecret === null) {
    throw new UsageError(
      'There is no terminal to ask for the passphrase on. Give --passphrase-file or --passphrase-env, or a key.',
    )
  }
  return askSecret(question)
}

function refuseSeveral({ options }: Caller, chosen: string): void {
  const others = ['recipient', 'private-key', 'passphrase-file', 'passphrase-env']
  const second = others.find((name) => name !== chosen && options[name] !== undefined)
  if (second !== undefined) throw new UsageError(`Give either --${chosen} or --${second}, not both.`)
}

function optionOf({ options }: Caller, name: string): string | null {
  const value = options[name]
  return typeof value === 'string' ? value : null
}

/** The same letters can be typed in several ways, depending on the keyboard (Unicode normalization form C). */
function bytesOf(passphrase: string): Buffer {
  return Buffer.from(passphrase.normalize('NFC'))
}

function toX25519(pem: string, path: string, kind: 'public' | 'private'): KeyObject {
  let key: KeyObject | null = null
  try {
    // OpenSSL would make a public key of a private one, which then would be where only the public one belongs.
    if (kind === 'private') key = readPrivateKey(pem)
    else if (!pem.includes('PRIVATE KEY')) key = createPublicKey(pem)
  } catch {
    // Not a key at all, or one with a passphrase of its own.
  }
  if (key?.asymmetricKeyType !== 'x25519') {
    throw new CommandError(
      `The file ${path} holds no X25519 ${kind} key in PEM (docs/backup.md says how to make one).`,
    )
  }
  return key
}

function readPublic(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The file ${path} cannot be read (${error.code ?? 'unknown error'}).`)
  })
}

function readSecretText({ progress }: Caller, path: string, what: string): Promise<string> {
  return readSecretFile(path, { what, warn: (text) => void progress(text) }).catch((error: unknown) => {
    throw error instanceof SecretFileError ? new CommandError(`${sentence(error.message)}.`) : error
  })
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
