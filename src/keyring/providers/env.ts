import { RootKeyError, type RootKeyProvider } from '../root-key-provider.ts'
import { createLocalProvider, parseRootKey } from './local.ts'

/** The root key in the setting ROOT_KEY. */
export function createEnvProvider(rootKey: string | null): RootKeyProvider {
  const secret = parseRootKey(rootKey ?? '')
  if (secret === null) {
    throw new RootKeyError('ROOT_KEY must be the base64 of 32 bytes (make one with: openssl rand -base64 32)')
  }
  return createLocalProvider(secret)
}
