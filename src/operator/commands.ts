import type { OperatorCommand } from './command.ts'
import { auditCheckpoint } from './commands/audit-checkpoint.ts'
import { auditExport } from './commands/audit-export.ts'
import { auditPrune } from './commands/audit-prune.ts'
import { auditVerify } from './commands/audit-verify.ts'
import { backup } from './commands/backup.ts'
import { clockConfirm } from './commands/clock-confirm.ts'
import { clockStatus } from './commands/clock-status.ts'
import { doctor } from './commands/doctor.ts'
import { showKey } from './commands/key-show.ts'
import { transferOwner } from './commands/key-transfer-owner.ts'
import { bindProjectRole, listProjectBindings, unbindProjectRole } from './commands/project-roles.ts'
import { rootKeyRetire } from './commands/root-key-retire.ts'
import { rootKeyRotate } from './commands/root-key-rotate.ts'
import { rootKeyStatus } from './commands/root-key-status.ts'

/** Commands on the data, in the order of the help text. */
export const operatorCommands: readonly OperatorCommand[] = [
  doctor,
  showKey,
  transferOwner,
  bindProjectRole,
  unbindProjectRole,
  listProjectBindings,
  auditVerify,
  auditCheckpoint,
  auditExport,
  auditPrune,
  rootKeyStatus,
  rootKeyRotate,
  rootKeyRetire,
  clockStatus,
  clockConfirm,
  backup,
]
