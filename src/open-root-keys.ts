import { join } from 'node:path'
import type { Config } from './config.ts'
import { createEnvSource } from './keyring/providers/env.ts'
import { createFileSource, type FileSource } from './keyring/providers/file.ts'
import { createPkcs11Source } from './keyring/providers/pkcs11.ts'
import type { RootKeyProvider, RootKeySource, Warn } from './keyring/root-key-provider.ts'
import { openRootKeys } from './keyring/root-keys.ts'

/** Name of a root key provider. */
export type RootKeyProviderName = Config['ROOT_KEY_PROVIDER']

/** Options for opening root keys. */
export interface OpenRootKeysOptions {
  /** True for an empty database: only then is a missing root key file created. */
  readonly isNew: boolean
  readonly warn: Warn
}

/** Opens the root keys of the settings. */
export async function openConfiguredRootKeys(
  config: Config,
  { isNew, warn }: OpenRootKeysOptions,
): Promise<RootKeyProvider> {
  const { ROOT_KEY_PROVIDER: name, ROOT_KEY_PREVIOUS_PROVIDER: previous } = config
  if (name === 'file' && isNew) await createConfiguredFileSource(config, warn).create()
  return openRootKeys(
    createConfiguredSource(config, name, warn),
    previous === null ? null : createConfiguredSource(config, previous, warn),
  )
}

/** Root key file of the settings. */
export function createConfiguredFileSource(config: Config, warn: Warn): FileSource {
  return createFileSource(rootKeyFileOf(config), warn)
}

/** Path of the root key file. */
export function rootKeyFileOf({ ROOT_KEY_FILE, DATA_FOLDER }: Config): string {
  return ROOT_KEY_FILE ?? join(DATA_FOLDER, 'root.key')
}

/** Root keys in the HSM of the settings. */
export function createConfiguredPkcs11Source(config: Config, warn: Warn) {
  const settings = {
    library: config.PKCS11_LIBRARY ?? '',
    token: config.PKCS11_TOKEN ?? '',
    keyLabels: [config.PKCS11_KEY_LABEL, ...config.PKCS11_PREVIOUS_KEY_LABELS],
    pin: config.PKCS11_PIN,
    pinFile: config.PKCS11_PIN_FILE,
  }
  return createPkcs11Source(settings, warn)
}

function createConfiguredSource(config: Config, name: RootKeyProviderName, warn: Warn): RootKeySource {
  switch (name) {
    case 'env':
      return createEnvSource(config.ROOT_KEY, config.ROOT_KEY_PREVIOUS)
    case 'file':
      return createConfiguredFileSource(config, warn)
    case 'pkcs11':
      return createConfiguredPkcs11Source(config, warn)
  }
}
