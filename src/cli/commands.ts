import type { CommandText } from '../command-line/command.ts'
import type { CommandGroup } from '../command-line/help.ts'
import { operatorCommands } from '../operator/commands.ts'
import { userCommands } from '../user/commands.ts'
import { auditVerifyExport } from './audit-verify-export.ts'
import { authCheck } from './auth-check.ts'
import { backupVerify } from './backup-verify.ts'
import { completionText, demoText, serveText } from './program.ts'
import { restore } from './restore.ts'
import { rootKeyCreate } from './root-key-create.ts'

/** All commands, in the order of the help text. They load most of the server: see `runKeystead`. */
export const commandGroups: readonly CommandGroup[] = [
  { title: 'For users', commands: [...userCommands, completionText] },
  {
    title: 'For operators',
    commands: [
      serveText,
      demoText,
      ...operatorCommands,
      auditVerifyExport,
      rootKeyCreate,
      backupVerify,
      restore,
      authCheck,
    ],
  },
]

/** The commands of all groups. */
export const commands: readonly CommandText[] = commandGroups.flatMap(({ commands: members }) => members)
