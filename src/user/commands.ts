import { decrypt, encrypt } from './commands/encrypt-file.ts'
import { keyCommands } from './commands/keys.ts'
import { login, logout } from './commands/login.ts'
import { sign, verify } from './commands/sign-file.ts'
import { whoami } from './commands/whoami.ts'
import type { UserCommand } from './user-command.ts'

/** Commands for users, in the order of the help text. */
export const userCommands: readonly UserCommand[] = [
  login,
  logout,
  whoami,
  ...keyCommands,
  encrypt,
  decrypt,
  sign,
  verify,
]
