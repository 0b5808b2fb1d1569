import type { Call } from './caller.ts'
import type { Page, PageArguments } from './domain.ts'
import type {
  AuditEventView,
  DestroyImpactView,
  FullUserKeyView,
  KeyVersionView,
  VersionCallerView,
} from './views.ts'

/** Filter of audit events; all conditions must hold. */
export interface AuditEventFilter {
  readonly keyId?: string | null | undefined
  readonly action?: readonly AuditEventView['action'][] | null | undefined
  readonly outcome?: readonly AuditEventView['outcome'][] | null | undefined
  /** Subject string. */
  readonly actor?: string | null | undefined
  /** Including this moment. */
  readonly from?: Date | null | undefined
  /** Excluding this moment. */
  readonly to?: Date | null | undefined
}

/** The part of the domain that tells what happened. */
export interface AuditReading {
  /** Newest first. Throws ForbiddenError for a caller that may not read the audit trail. */
  auditEvents(call: Call, page: PageArguments, filter: AuditEventFilter): Promise<Page<AuditEventView>>
  /** The same of each of several keys, in a constant number of statements; null without the permission. */
  keyAuditEvents(
    call: Call,
    keys: readonly FullUserKeyView[],
    page: PageArguments,
  ): Promise<(Page<AuditEventView> | null)[]>
  /** Who used each of several versions, in one statement; null without the permission to read the audit trail. */
  usageByCaller(
    call: Call,
    versions: readonly KeyVersionView[],
    days: number,
  ): Promise<(readonly VersionCallerView[] | null)[]>
  /** Null for what is not there for this caller. Throws ForbiddenError if it may not manage the key. */
  destroyImpact(call: Call, versionId: string): Promise<DestroyImpactView | null>
}
