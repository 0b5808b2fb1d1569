import type { Config } from '../config.ts'
import type { Warn } from '../keyring/root-key-provider.ts'
import { createConfiguredFileSource, createConfiguredPkcs11Source, rootKeyFileOf } from '../open-root-keys.ts'
import { CommandError, exitCodes, type SetupCommand } from '../operator/command.ts'

/** `keystead root-key create`. */
export const rootKeyCreate: SetupCommand = {
  path: ['root-key', 'create'],
  summary: 'Makes a root key where ROOT_KEY_PROVIDER says, before a server uses it.',
  help: `
In an HSM: an AES-256 key with the label PKCS11_KEY_LABEL that cannot be taken out of it. In a file: the file, with one
root key; a server with a new database makes it by itself. What is there already is never replaced.

Example:
  PKCS11_KEY_LABEL=keystead-2027 keystead root-key create`,
  options: {},
  async setUp(config, { print, progress }) {
    await print(await create(config, (text) => void progress(text)))
    return exitCodes.fine
  },
}

async function create(config: Config, warn: Warn): Promise<string> {
  switch (config.ROOT_KEY_PROVIDER) {
    case 'pkcs11': {
      const rootKeyId = await createConfiguredPkcs11Source(config, warn).create()
      return `The root key ${rootKeyId} is in the HSM now.`
    }
    case 'file': {
      const path = rootKeyFileOf(config)
      if (!(await createConfiguredFileSource(config, warn).create())) {
        throw new CommandError(`The root key file ${path} is there already, and was not touched.`)
      }
      return `The root key file ${path} was made. Keep a copy of it, apart from the database.`
    }
    case 'env':
      throw new CommandError('Make a root key with: openssl rand -base64 32, and set it as ROOT_KEY.')
  }
}
