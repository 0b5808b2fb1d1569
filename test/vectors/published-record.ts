import { algorithms } from '../../src/crypto/algorithms.ts'
import type { Capability, KeyUsage } from '../../src/crypto/capabilities.ts'
import { capabilityOf } from './wycheproof/outcome.ts'

/** The file of tests that each usage belongs to: a new usage needs one, too. */
const files = {
  ENCRYPT_DECRYPT: 'published-encryption',
  SIGN_VERIFY: 'published-signatures',
  GENERATE_VERIFY_MAC: 'published-secrets',
  KEY_ENCAPSULATION: 'published-secrets',
  KEY_AGREEMENT: 'published-secrets',
} as const satisfies Record<KeyUsage, string>

/** Algorithms and usages that a file of tests has tried with published vectors. */
export interface PublishedRecord {
  /** The capability to be tried; notes that it is. */
  capability<K extends Capability['kind']>(
    name: string,
    usage: KeyUsage,
    kind: K,
  ): NonNullable<ReturnType<typeof capabilityOf<K>>>
  /** Algorithms that nothing was tried of, of the usages that belong to a file. */
  missing(file: (typeof files)[KeyUsage]): string[]
}

/** A record for one file of tests, whose last test asks what is missing. */
export function createPublishedRecord(): PublishedRecord {
  const tried = new Set<string>()
  return {
    capability(name, usage, kind) {
      const found = capabilityOf(name, usage, kind)
      if (found === null) throw new TypeError(`no ${kind} with ${name}`)
      tried.add(`${name} ${usage}`)
      return found
    },
    missing: (file) =>
      algorithms.flatMap(({ name, capabilities }) =>
        (Object.keys(capabilities) as KeyUsage[])
          .filter((usage) => files[usage] === file && !tried.has(`${name} ${usage}`))
          .map((usage) => `${name} ${usage}`),
      ),
  }
}
