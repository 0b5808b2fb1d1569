import { CommandError, exitCodes } from '../command-line/command.ts'
import type { Config } from '../config.ts'
import type { Warn } from '../keyring/root-key-provider.ts'
import { createConfiguredFileSource, createConfiguredPkcs11Source, rootKeyFileOf } from '../open-root-keys.ts'
import type { SetupCommand } from '../operator/command.ts'

/** `keystead root-key create`. */
export const rootKeyCreate: SetupCommand = {
  path: ['root-key', 'create'],
  summary: 'Creates a root key in the provider of ROOT_KEY_PROVIDER.',
  help: `
In an HSM, it creates a non-extractable AES-256 key with the label PKCS11_KEY_LABEL. For a file, it creates the file
with one root key, as a server with a new database does by itself. An existing root key is never replaced.

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
      return `The root key ${rootKeyId} was created in the HSM.`
    }
    case 'file': {
      const path = rootKeyFileOf(config)
      if (!(await createConfiguredFileSource(config, warn).create())) {
        throw new CommandError(`The root key file ${path} already exists and was not changed.`)
      }
      return `The root key file ${path} was created. Keep a copy of it, separate from the database.`
    }
    case 'env':
      throw new CommandError('Make a root key with: openssl rand -base64 32, and set it as ROOT_KEY.')
  }
}
