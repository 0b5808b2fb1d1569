import { describeDemo, options } from '../../examples/command-line.ts'
import type { CommandText } from '../operator/command.ts'

/** What `keystead demo` says of itself; apart from its code, which the other commands do not need. */
export const demoText: CommandText = {
  path: ['demo'],
  summary: 'Encrypts a file under a data key, rotates, and decrypts it, step by step.',
  help: describeDemo('keystead demo'),
  options: {
    file: { type: 'string', value: 'FILE', meaning: 'The file.', required: true, bare: true },
    ...options,
  },
}
