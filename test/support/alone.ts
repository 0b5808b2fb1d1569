/**
 * Test files that change what a whole process shares: they mock modules, set flags of V8, count its calls, or use the
 * one HSM that a process can have. Each of them runs in a process of its own (project `alone`); the other files of a
 * project share processes.
 */
export const alone = [
  'test/access/second-lock.test.ts',
  'test/crypto/random.test.ts',
  'test/http/counted-steps.server.test.ts',
  'test/http/refusal-pause.server.test.ts',
  'test/keyring/key-cache.server.test.ts',
  'test/keyring/pkcs11-server.server.test.ts',
  'test/keyring/pkcs11.test.ts',
]
