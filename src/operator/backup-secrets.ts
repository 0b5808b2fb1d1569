import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CommandError, UsageError } from '../command-line/command.ts'
import type { FileRecipient, FileSecret } from '../crypto/file-key.ts'
import { readPrivateKey } from '../crypto/read-private-key.ts'
import { readSecretFile, SecretFileError } from '../secret-file.ts'
import type { Invocation } from './command.ts'

const passphraseLengthMin = 12

/** Options for a passphrase. The passphrase itself would be visible in process lists. */
export const passphraseOptions = {
  'passphrase-file': {
    type: 'string',
    value: 'FILE',
    meaning: 'File whose first line is the passphrase.',
  },
  'passphrase-env': {
    type: 'string',
    value: 'NAME',
    meaning: 'Name of the environment variable with the passphrase.',
  },
} as const

/** Option for the private key of a recipient. */
export const privateKeyOptions = {
  'private-key': {
    type: 'string',
    value: 'FILE',
    meaning: 'X25519 private key (PEM) of the recipient that the backup is encrypted for.',
  },
} as const

/** Reads the recipient of a backup from the options. Without any, asks for a passphrase twice. */
export async function readRecipient(invocation: Invocation): Promise<FileRecipient> {
  const path = optionOf(invocation, 'recipient')
  if (path !== null) {
    refuseSeveral(invocation, 'recipient')
    return { kind: 'x25519', publicKey: toX25519(await readPublic(path), path, 'public') }
  }
  const given = await readGivenPassphrase(invocation)
  const passphrase = given ?? (await ask(invocation, 'Passphrase for the backup: '))
  if (passphrase.length < passphraseLengthMin) {
    throw new CommandError(`The passphrase must have at least ${passphraseLengthMin} characters.`)
  }
  if (given === null && (await ask(invocation, 'Repeat the passphrase: ')) !== passphrase) {
    throw new CommandError('The passphrases differ. Nothing was backed up.')
  }
  return { kind: 'scrypt', passphrase: bytesOf(passphrase) }
}

/** Reads the secret that opens a backup from the options. Without any, asks for a passphrase. */
export async function readSecret(invocation: Invocation): Promise<FileSecret> {
  const path = optionOf(invocation, 'private-key')
  if (path !== null) {
    refuseSeveral(invocation, 'private-key')
    return {
      kind: 'x25519',
      privateKey: toX25519(await readSecretText(invocation, path, 'private key file'), path, 'private'),
    }
  }
  const given = await readGivenPassphrase(invocation)
  return {
    kind: 'scrypt',
    passphrase: bytesOf(given ?? (await ask(invocation, 'Passphrase of the backup: '))),
  }
}

async function readGivenPassphrase(invocation: Invocation): Promise<string | null> {
  const [path, variable] = [optionOf(invocation, 'passphrase-file'), optionOf(invocation, 'passphrase-env')]
  if (path !== null) {
    refuseSeveral(invocation, 'passphrase-file')
    return (await readSecretText(invocation, path, 'passphrase file')).split(/\r?\n/, 1)[0] ?? ''
  }
  if (variable === null) return null
  const value = invocation.environment[variable]
  if (value === undefined || value === '') {
    throw new CommandError(`The environment variable ${variable} is not set.`)
  }
  return value
}

function ask({ askSecret }: Invocation, question: string): Promise<string> {
  if (askSecret === null) {
    throw new UsageError(
      'A passphrase is needed, and there is no terminal to ask for it. Give --passphrase-file, --passphrase-env or a key.',
    )
  }
  return askSecret(question)
}

function refuseSeveral({ options }: Invocation, chosen: string): void {
  const others = ['recipient', 'private-key', 'passphrase-file', 'passphrase-env']
  const second = others.find((name) => name !== chosen && options[name] !== undefined)
  if (second !== undefined) throw new UsageError(`Give either --${chosen} or --${second}, not both.`)
}

function optionOf({ options }: Invocation, name: string): string | null {
  const value = options[name]
  return typeof value === 'string' ? value : null
}

/** Normalises the passphrase (Unicode form C): keyboards produce the same letters in several ways. */
function bytesOf(passphrase: string): Buffer {
  return Buffer.from(passphrase.normalize('NFC'))
}

function toX25519(pem: string, path: string, kind: 'public' | 'private'): KeyObject {
  let key: KeyObject | null = null
  try {
    // OpenSSL would accept a private key as a public one, and it should not be stored where a public key is enough.
    if (kind === 'private') key = readPrivateKey(pem)
    else if (!pem.includes('PRIVATE KEY')) key = createPublicKey(pem)
  } catch {
    // Not a key, or an encrypted one.
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

function readSecretText({ progress }: Invocation, path: string, what: string): Promise<string> {
  return readSecretFile(path, { what, warn: (text) => void progress(text) }).catch((error: unknown) => {
    throw error instanceof SecretFileError ? new CommandError(`${sentence(error.message)}.`) : error
  })
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
