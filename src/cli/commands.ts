import { auditCheckpoint } from './audit-checkpoint.ts'
import { auditExport } from './audit-export.ts'
import { auditPrune } from './audit-prune.ts'
import { auditVerify } from './audit-verify.ts'
import { backup } from './backup.ts'
import { clockConfirm } from './clock-confirm.ts'
import { clockStatus } from './clock-status.ts'
import type { OperatorCommand } from './command.ts'
import { rootKeyRetire } from './root-key-retire.ts'
import { rootKeyRotate } from './root-key-rotate.ts'
import { rootKeyStatus } from './root-key-status.ts'
import { showKey } from './show-key.ts'
import { transferOwner } from './transfer-owner.ts'

/** The commands on the data, in the order in which they are listed. Each is one file of this folder. */
export const operatorCommands: readonly OperatorCommand[] = [
  showKey,
  transferOwner,
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
