import { join } from 'node:path'
import type { Config } from './config.ts'
import { createEnvSource } from './keyring/providers/env.ts'
import { createFileSource, type FileSource } from './keyring/providers/file.ts'
import { createPkcs11Source } from './keyring/providers/pkcs11.ts'
import type { RootKeyProvider, RootKeySource, Warn } from './keyring/root-key-provider.ts'
import { openRootKeys } from './keyring/root-keys.ts'

/** The names of the kinds of places that root keys can be in. */
export type RootKeyProviderName = Config['ROOT_KEY_PROVIDER']

/** How root keys are opened. */
export interface OpenRootKeysOptions {
  /** Whether the database is empty: only then is a root key file made that is not there. */
  readonly isNew: boolean
  readonly warn: Warn
}

/** Opens the root keys that the configuration names. */
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

/** The root key file that the configuration names. */
export function createConfiguredFileSource(config: Config, warn: Warn): FileSource {
  return createFileSource(rootKeyFileOf(config), warn)
}

/** Where the root key file is. */
export function rootKeyFileOf({ ROOT_KEY_FILE, DATA_FOLDER }: Config): string {
  return ROOT_KEY_FILE ?? join(DATA_FOLDER, 'root.key')
}

/** The HSM keys that the configuration names. */
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
