import { hasNoDatabase } from './databases.ts'
import { findProgramFolders } from './postgres-programs.ts'
import { cannotRun } from './skip.ts'

/** Whether tests have no PostgreSQL here that they may stop and start: the one that TEST_DATABASE_URL names is not theirs. */
export async function hasNoServers(what: string): Promise<boolean> {
  if (hasNoDatabase()) return true
  if ((await findProgramFolders()).length > 0) return false
  return cannotRun(what, 'Install the package postgresql.')
}
