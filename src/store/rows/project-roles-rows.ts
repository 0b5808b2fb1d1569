import type { ProjectRoles } from '../generated/client.ts'
import { insertRows, type Queryable, type RowOf, type Table, updateRows } from '../sql.ts'

/** Role bindings of a project; prisma/schema.prisma describes the columns. */
export type ProjectRolesRow = RowOf<ProjectRoles>

/** A role that a subject has in a project, as it is stored. */
export interface StoredRoleBinding {
  /** UUIDv7, shown as rolb_…. */
  readonly id: string
  /** Subject string. */
  readonly subject: string
  /** A role of this or of another release. */
  readonly role: string
  /** Null for a binding that does not expire. */
  readonly expiresAt: Date | null
  /** For people; may be empty. */
  readonly note: string
  /** Subject string. */
  readonly createdBy: string
  readonly createdAt: Date
}

/** Columns of role bindings. */
export const projectRolesTable: Table<ProjectRolesRow> = {
  name: 'project_roles',
  columns: {
    id: 'id',
    projectId: 'project_id',
    bindings: 'bindings',
    revision: 'revision',
    updatedAt: 'updated_at',
    mac: 'mac',
  },
}

/** The role bindings of a project; null if it never had any. */
export function findProjectRoles(db: Queryable, projectId: string): Promise<ProjectRolesRow | null> {
  return db.projectRoles.findUnique({ where: { projectId } })
}

/** Locks the role bindings of a project, and inserts the given row first if there is none. */
export async function lockProjectRoles(tx: Queryable, first: ProjectRolesRow): Promise<ProjectRolesRow> {
  // Waits for another transaction that inserts one.
  await insertRows(tx, projectRolesTable, [first], { skipDuplicates: true })
  const { projectId } = first
  await tx.$queryRaw`SELECT 1 FROM project_roles WHERE project_id = ${projectId} FOR UPDATE`
  return tx.projectRoles.findUniqueOrThrow({ where: { projectId } })
}

/** Replaces locked role bindings. */
export async function updateProjectRoles(tx: Queryable, row: ProjectRolesRow): Promise<void> {
  await updateRows(tx, projectRolesTable, [row], ['bindings', 'revision', 'updatedAt', 'mac'])
}

/** Bindings of a row that was verified. */
export function readBindings({ bindings }: Pick<ProjectRolesRow, 'bindings'>): readonly StoredRoleBinding[] {
  const stored = JSON.parse(bindings) as Written[]
  return stored.map(({ expiresAt, createdAt, ...rest }) => ({
    ...rest,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    createdAt: new Date(createdAt),
  }))
}

/** The text of bindings for their column. */
export function writeBindings(bindings: readonly StoredRoleBinding[]): string {
  return JSON.stringify(bindings)
}

type Written = Omit<StoredRoleBinding, 'expiresAt' | 'createdAt'> & {
  readonly expiresAt: string | null
  readonly createdAt: string
}
