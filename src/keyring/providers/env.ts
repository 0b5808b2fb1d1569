import { RootKeyError, type RootKeySource } from '../root-key-provider.ts'
import { createLocalRootKey, parseRootKey } from './local.ts'

/** The root key in the setting ROOT_KEY, and those before it in ROOT_KEY_PREVIOUS, with commas between them. */
export function createEnvSource(rootKey: string | null, previous: string | null = null): RootKeySource {
  return {
    async load() {
      const older = previous === null ? [] : previous.split(',')
      return [
        createLocalRootKey(parse('ROOT_KEY', rootKey ?? '')),
        ...older.map((text) => createLocalRootKey(parse('ROOT_KEY_PREVIOUS', text))),
      ]
    },
    add: null,
    remove: null,
    advice: {
      add: 'Make a root key (openssl rand -base64 32), set it as ROOT_KEY and the present one as ROOT_KEY_PREVIOUS, and restart all servers so.',
      remove: 'Take them out of ROOT_KEY_PREVIOUS and restart all servers.',
    },
  }
}

function parse(setting: string, text: string): Buffer {
  const secret = parseRootKey(text)
  if (secret === null) {
    throw new RootKeyError(
      `${setting} must be the base64 of 32 bytes (make one with: openssl rand -base64 32)`,
    )
  }
  return secret
}
