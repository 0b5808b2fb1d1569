import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { enumValues, type MessageType, type SigningAlgorithm } from '../../../packages/client/src/index.ts'
import { CommandError, exitCodes } from '../../command-line/command.ts'
import { connect, connectionOptions, jsonOption } from '../connect.ts'
import { numberOf } from '../key-texts.ts'
import { checkTarget, outputOptions, writeOutput } from '../output-file.ts'
import { codeOf } from '../saved-logins.ts'
import { jsonText, shown } from '../shown-text.ts'
import { defineUserCommand, type UserContext } from '../user-command.ts'
import { inputOption, openInput } from './encrypt-file.ts'
import { readKey, readVersions } from './keys.ts'

const signingAlgorithms = enumValues.SigningAlgorithm

const signingOptions = {
  ...inputOption,
  key: { type: 'string', value: 'KEY', required: true, meaning: 'The key: its name, alias or ID.' },
  scheme: {
    type: 'string',
    value: 'SCHEME',
    choices: signingAlgorithms,
    meaning: `The signature scheme; the first of the key if not given. There are ${signingAlgorithms.join(', ')}.`,
  },
} as const

const messageBytesMax = 65_536
const signatureBytesMax = 65_536
/** Versions that a signature is tried with. */
const versionsMax = 100

/** `keystead sign`. */
export const sign = defineUserCommand({
  path: ['sign'],
  summary: 'Signs a file.',
  help: `
Prints the signature as base64. The file is sent to the server, which takes at most 64 KiB. Of a larger file only a digest
can be signed, which the schemes RSASSA_PKCS1_V1_5_… do: it is made here.

Examples:
  keystead sign release.json --key releases > release.json.sig
  keystead sign image.iso --key images --scheme RSASSA_PKCS1_V1_5_SHA_256 --output image.iso.sig`,
  options: {
    ...signingOptions,
    raw: { type: 'boolean', meaning: 'Writes the bytes of the signature, in place of base64.' },
    ...outputOptions,
    ...jsonOption,
    ...connectionOptions,
  },
  async carryOut(context) {
    const { options, progress, signal, terminal } = context
    const { output, force, raw, json } = options
    const isText = json || !raw
    const target = { output: output ?? (isText ? '-' : undefined), force, terminal, signal, mode: 0o666 }
    await checkTarget(target)
    const { client } = await connect(context)
    const input = await signedInput(context)
    const { signature, ...payload } = await client.sign({ key: options.key, ...input }, { signal })
    const base64 = Buffer.from(signature).toString('base64')
    const { keyId, versionNumber, signingAlgorithm } = payload
    const text = json ? jsonText({ keyId, versionNumber, signingAlgorithm, signature: base64 }) : base64
    await writeOutput(chunks(isText ? Buffer.from(`${text}\n`) : signature), target)
    if (!json) {
      const version = shown(String(versionNumber))
      await progress(
        `Signed with version ${version} of ${shown(options.key)}, ${shown(String(signingAlgorithm))}.`,
      )
    }
    return exitCodes.fine
  },
})

/** `keystead verify`. */
export const verify = defineUserCommand({
  path: ['verify'],
  summary: 'Verifies the signature of a file.',
  help: `
Tries the active versions of the key, newest first, so that signatures from before a rotation are found, too.

Exit code 0 if the signature is valid, 1 if not.

Example:
  keystead verify release.json --key releases --signature release.json.sig`,
  options: {
    ...signingOptions,
    signature: {
      type: 'string',
      value: 'FILE',
      required: true,
      meaning: 'The file with the signature, as base64 or as bytes.',
    },
    'key-version': { type: 'string', value: 'NUMBER', meaning: 'Tries only this version of the key.' },
    ...jsonOption,
    ...connectionOptions,
  },
  async carryOut(context) {
    const { options, print, signal } = context
    const signature = await readSignature(options.signature)
    const { client } = await connect(context)
    const versions = await versionsToTry(context, client)
    const input = await signedInput(context)
    // The client joins them into one request.
    const results = await Promise.all(
      versions.map((number) =>
        client.verify({ version: { key: options.key, number }, signature, ...input }, { signal }),
      ),
    )
    const valid = results.find((result) => result.valid)
    const versionNumber = valid?.versionNumber ?? null
    if (options.json) {
      await print(jsonText({ valid: valid !== undefined, keyId: results[0]?.keyId ?? null, versionNumber }))
    } else {
      await print(
        valid === undefined
          ? `The signature is NOT valid for this file and ${shown(options.key)}.`
          : `The signature is valid, by version ${shown(String(versionNumber))} of ${shown(options.key)}.`,
      )
    }
    return valid === undefined ? exitCodes.failed : exitCodes.fine
  },
})

type SigningContext = UserContext<{
  readonly file: string | undefined
  readonly key: string
  readonly scheme: string | undefined
}>

/** What is signed: the file, or its digest where the scheme allows that. */
async function signedInput(context: SigningContext): Promise<{
  readonly message: Uint8Array
  readonly messageType: MessageType
  readonly signingAlgorithm?: SigningAlgorithm
}> {
  const scheme = signingAlgorithms.find((name) => name === context.options.scheme)
  const hash = scheme === undefined ? undefined : /^RSASSA_PKCS1_V1_5_SHA_(\d+)$/.exec(scheme)?.[1]
  const input = await openInput(context)
  const given = scheme === undefined ? {} : { signingAlgorithm: scheme }
  if (hash !== undefined) {
    const digest = createHash(`sha${hash}`)
    for await (const chunk of input) digest.update(chunk)
    return { message: digest.digest(), messageType: 'DIGEST', ...given }
  }
  return { message: await readAtMost(input, messageBytesMax), messageType: 'MESSAGE', ...given }
}

async function readAtMost(input: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const read: Uint8Array[] = []
  let length = 0
  for await (const chunk of input) {
    read.push(chunk)
    length += chunk.length
    if (length > bytesMax) {
      throw new CommandError(
        `The file has more than ${bytesMax} bytes. Such a file can be signed with an RSA key and --scheme RSASSA_PKCS1_V1_5_SHA_256, or sign a file with its digest.`,
      )
    }
  }
  return new Uint8Array(Buffer.concat(read))
}

async function versionsToTry(
  { options, signal }: UserContext<{ readonly key: string; readonly 'key-version': string | undefined }>,
  client: Awaited<ReturnType<typeof connect>>['client'],
): Promise<readonly number[]> {
  const given = options['key-version']
  if (given !== undefined) return [numberOf('key-version', given, { min: 1, max: 999_999_999 })]
  const key = await readKey(client, options.key, signal)
  const versions = await readVersions(client, options.key, signal)
  const active = versions.filter(({ versionStatus }) => versionStatus === 'ACTIVE').slice(0, versionsMax)
  // The server says why there is none.
  return active.length === 0 ? [key.defaultVersion?.number ?? 1] : active.map(({ number }) => number)
}

/** Reads a signature. Bytes of a signature that are base64 by chance do not occur. */
async function readSignature(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CommandError(`The file ${path} with the signature cannot be read (${codeOf(error)}).`)
  })
  if (bytes.length === 0 || bytes.length > signatureBytesMax) {
    throw new CommandError(`The file ${path} has ${bytes.length} bytes, and is no signature.`)
  }
  const text = bytes.toString('latin1').replace(/\s/g, '')
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  return new Uint8Array(isBase64 ? Buffer.from(text, 'base64') : bytes)
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
