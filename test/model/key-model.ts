/** One version as the rules of the product describe it. */
export interface ModelVersion {
  status: 'ACTIVE' | 'DEACTIVATED' | 'DESTROY_SCHEDULED' | 'DESTROYED'
  deactivatedMs: number
  scheduledMs: number
  /** What was encrypted with it, if anything was. */
  ciphertext: string | null
}

/** What happens in a sequence. `pick` chooses a version number near the existing ones. */
export type ModelCommand =
  | { readonly type: 'activateKey' | 'rotate' | 'delete' | 'housekeeping' | 'encrypt' | 'restart' }
  | { readonly type: 'deactivate' | 'activate' | 'restore' | 'decrypt'; readonly pick: number }
  | { readonly type: 'destroy'; readonly pick: number; readonly days: number }
  | { readonly type: 'configure'; readonly enabled: boolean; readonly cycleDays: number }
  | { readonly type: 'wait'; readonly ms: number }

/** What the server must answer to a command. */
export type Expected =
  | 'ok'
  | 'INVALID_KEY_STATE'
  | 'KEY_VERSION_NOT_FOUND'
  | 'KEY_NOT_FOUND'
  | 'INVALID_CIPHERTEXT'

/** How long a version may still be in use after its deactivation. */
export const revocationDelayMs = 20_000

const dayMs = 86_400_000

/** A key as a person would keep it on paper: written from the rules, not from the code under test. */
export class KeyModel {
  versions: ModelVersion[] = []
  isDeleted = false
  isRotationEnabled: boolean
  cycleDays: number
  /** Day of the next rotation, while there is one. */
  dueDay: string | null = null
  wasRotated = false
  readonly #timeZone: string
  #configuredMs: number
  #newestMs = 0

  constructor(options: { preActivation: boolean; rotation: number | null; timeZone: string; nowMs: number }) {
    this.#timeZone = options.timeZone
    this.isRotationEnabled = options.rotation !== null
    this.cycleDays = options.rotation ?? 365
    this.#configuredMs = options.nowMs
    if (!options.preActivation) this.#addVersion(options.nowMs)
  }

  get status(): string {
    if (this.versions.length === 0) return 'PRE_ACTIVATION'
    return this.versions.some(({ status }) => status === 'ACTIVE') ? 'ACTIVE' : 'DEACTIVATED'
  }

  get defaultNumber(): number | null {
    const newest = this.versions.at(-1)
    return newest === undefined || newest.status === 'DESTROYED' ? null : this.versions.length
  }

  get isDeletable(): boolean {
    return this.versions.every(({ status }) => status === 'DESTROYED')
  }

  /** Destroys what was scheduled for a moment that has passed; tells whether there was something. */
  settle(nowMs: number): boolean {
    const due = this.versions.filter(
      ({ status, scheduledMs }) => status === 'DESTROY_SCHEDULED' && scheduledMs <= nowMs,
    )
    for (const version of due) version.status = 'DESTROYED'
    return due.length > 0
  }

  apply(command: ModelCommand, nowMs: number): Expected {
    if (this.isDeleted && command.type !== 'housekeeping' && command.type !== 'restart') {
      return command.type === 'decrypt' ? 'INVALID_CIPHERTEXT' : 'KEY_NOT_FOUND'
    }
    switch (command.type) {
      case 'activateKey':
        if (this.versions.length > 0) return 'INVALID_KEY_STATE'
        this.#addVersion(nowMs)
        return 'ok'
      case 'rotate':
        if (this.versions.length === 0) return 'INVALID_KEY_STATE'
        this.wasRotated = true
        this.#addVersion(nowMs)
        return 'ok'
      case 'housekeeping':
        if (!this.isDeleted && this.dueDay !== null && this.dueDay <= this.dayOf(nowMs)) {
          this.wasRotated = true
          this.#addVersion(nowMs)
        }
        return 'ok'
      case 'configure':
        this.isRotationEnabled = command.enabled
        this.cycleDays = command.cycleDays
        this.#configuredMs = nowMs
        this.dueDay = this.#rotates() ? this.dayOf(nowMs, command.cycleDays) : null
        return 'ok'
      case 'encrypt':
        return this.versions.at(-1)?.status === 'ACTIVE' ? 'ok' : 'INVALID_KEY_STATE'
      case 'delete':
        if (!this.isDeletable) return 'INVALID_KEY_STATE'
        this.isDeleted = true
        return 'ok'
      case 'restart':
      case 'wait':
        return 'ok'
      default:
        return this.#applyToVersion(command, nowMs)
    }
  }

  /** The calendar day at a moment, some days later. */
  dayOf(ms: number, plusDays = 0): string {
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: this.#timeZone }).format(ms)
    return new Date(Date.parse(`${day}T00:00:00Z`) + plusDays * dayMs).toISOString().slice(0, 10)
  }

  #applyToVersion(command: Extract<ModelCommand, { pick: number }>, nowMs: number): Expected {
    const version = this.versions[command.pick - 1]
    if (version === undefined) return 'KEY_VERSION_NOT_FOUND'
    const wanted = {
      deactivate: 'ACTIVE',
      activate: 'DEACTIVATED',
      destroy: 'DEACTIVATED',
      restore: 'DESTROY_SCHEDULED',
      decrypt: 'ACTIVE',
    }
    if (version.status !== wanted[command.type]) return 'INVALID_KEY_STATE'
    if (command.type === 'decrypt') return 'ok'
    const isNewest = command.pick === this.versions.length
    if (command.type === 'deactivate') {
      version.status = 'DEACTIVATED'
      version.deactivatedMs = nowMs
      if (isNewest) this.dueDay = null
    } else if (command.type === 'activate') {
      version.status = 'ACTIVE'
      if (isNewest && this.#rotates()) {
        const due = this.#cycleEnd
        const tomorrow = this.dayOf(nowMs, 1)
        this.dueDay = due < tomorrow ? tomorrow : due
      }
    } else if (command.type === 'destroy') {
      version.status = 'DESTROY_SCHEDULED'
      version.scheduledMs = Math.max(nowMs + command.days * dayMs, version.deactivatedMs + revocationDelayMs)
      this.settle(nowMs)
    } else {
      version.status = 'DEACTIVATED'
    }
    return 'ok'
  }

  /** The later of the newest version's day and the day of the last configuration, and the cycle. */
  get #cycleEnd(): string {
    const from = this.#configuredMs > this.#newestMs ? this.#configuredMs : this.#newestMs
    return this.dayOf(from, this.cycleDays)
  }

  #rotates(): boolean {
    return this.isRotationEnabled && this.versions.at(-1)?.status === 'ACTIVE'
  }

  #addVersion(nowMs: number): void {
    this.#newestMs = nowMs
    this.versions.push({ status: 'ACTIVE', deactivatedMs: 0, scheduledMs: 0, ciphertext: null })
    this.dueDay = this.isRotationEnabled ? this.dayOf(nowMs, this.cycleDays) : null
  }
}
