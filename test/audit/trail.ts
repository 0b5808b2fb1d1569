import { expect } from 'vitest'
import type { AuditAction } from '../../src/audit/events.ts'
import { base64, type Person, type Story } from '../support/story.ts'
import {
  codeOf,
  type RecordedEvent,
  readEvents,
  sendTraced,
  type TracedRequest,
  uuidOf,
} from './traced-requests.ts'

/** Bytes that must not be found on record. */
export const plaintext = base64('canary-plaintext')
export const data = base64('canary-associated-data')

/** Mutations and what they are called on record. */
export const actions = {
  createUserKey: 'CREATE_USER_KEY',
  activateUserKey: 'ACTIVATE_USER_KEY',
  updateUserKey: 'UPDATE_USER_KEY',
  rotateUserKey: 'ROTATE_KEY',
  configureAutomaticRotation: 'CONFIGURE_AUTOMATIC_ROTATION',
  enableAccessControl: 'ENABLE_ACCESS_CONTROL',
  addAllowedSubjects: 'ADD_ALLOWED_SUBJECTS',
  removeAllowedSubjects: 'REMOVE_ALLOWED_SUBJECTS',
  disableAccessControl: 'DISABLE_ACCESS_CONTROL',
  transferOwnership: 'TRANSFER_OWNERSHIP',
  createAlias: 'CREATE_ALIAS',
  repointAlias: 'REPOINT_ALIAS',
  deleteAlias: 'DELETE_ALIAS',
  labelUserKey: 'LABEL_USER_KEY',
  publishJwks: 'PUBLISH_JWKS',
  unpublishJwks: 'UNPUBLISH_JWKS',
  deactivateKeyVersion: 'DEACTIVATE_KEY_VERSION',
  activateKeyVersion: 'ACTIVATE_KEY_VERSION',
  destroyKeyVersion: 'SCHEDULE_KEY_VERSION_DESTRUCTION',
  restoreKeyVersion: 'RESTORE_KEY_VERSION',
  deleteUserKey: 'DELETE_USER_KEY',
  getImportParameters: 'GET_IMPORT_PARAMETERS',
  importKeyVersion: 'IMPORT_KEY_VERSION',
  encrypt: 'ENCRYPT',
  decrypt: 'DECRYPT',
  reEncrypt: 'RE_ENCRYPT',
  generateDataKey: 'GENERATE_DATA_KEY',
  sign: 'SIGN',
  verify: 'VERIFY',
  generateMac: 'GENERATE_MAC',
  verifyMac: 'VERIFY_MAC',
  encapsulate: 'ENCAPSULATE',
  decapsulate: 'DECAPSULATE',
  deriveSharedSecret: 'DERIVE_SHARED_SECRET',
  generateDataKeyPair: 'GENERATE_DATA_KEY_PAIR',
  generateRandom: 'GENERATE_RANDOM',
  encryptWithServiceKey: 'SERVICE_ENCRYPT',
  decryptWithServiceKey: 'SERVICE_DECRYPT',
  generateServiceDataKey: 'SERVICE_GENERATE_DATA_KEY',
  bindRole: 'BIND_ROLE',
  unbindRole: 'UNBIND_ROLE',
} as const satisfies Record<string, AuditAction>
/** One of {@link actions}. */
export type Name = keyof typeof actions

/** Sends requests and notes what must be on record of them. */
export class Trail {
  readonly story: Story
  readonly expected: Partial<RecordedEvent>[] = []
  readonly tokens: string[] = []
  constructor(story: Story) {
    this.story = story
  }

  async send(
    person: Person,
    name: Name,
    input: object,
    event: { selection?: string; keyId?: string; revision?: number; version?: number; code?: string } = {},
  ): Promise<TracedRequest['result']> {
    const request = await sendTraced(this.story, person, { name, input, selection: event.selection ?? '' })
    expect(codeOf(request)).toBe(event.code ?? null)
    this.tokens.push(request.token)
    this.expected.push({
      action: actions[name],
      outcome: event.code === undefined ? 'SUCCEEDED' : event.code === 'FORBIDDEN' ? 'DENIED' : 'FAILED',
      error_code: event.code ?? null,
      project_id: 'shop',
      actor: person.kind === 'SERVICE_AGENT' ? `service-agent:${person.name}` : `user:${person.name}`,
      token_id: request.tokenId,
      request_id: request.requestId,
      client_address: expect.stringMatching(/127\.0\.0\.1|::1/),
      key_id: event.keyId === undefined ? null : uuidOf(event.keyId),
      key_revision: event.revision ?? null,
      version_number: event.version ?? null,
    })
    return request.result
  }

  /** Exactly one event per request, as noted, and nothing that must stay secret. */
  async expectRecorded(canaries: readonly string[] = []): Promise<RecordedEvent[]> {
    const events = await readEvents(this.story)
    expect(events).toMatchObject(this.expected)
    expect(events).toHaveLength(this.expected.length)
    // Every change says in which state it left the rows of its key, and nothing else does.
    for (const { action, key_revision, key_state } of events) {
      expect([action, key_state !== null]).toEqual([action, key_revision !== null])
    }
    const secrets = [plaintext, data, ...this.tokens.map((token) => token.split('.')[2] ?? ''), ...canaries]
    const written = JSON.stringify(events) + this.story.logged.join('\n')
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10)
      const bytes = Buffer.from(secret, 'base64')
      for (const form of [
        secret,
        bytes.toString('latin1'),
        bytes.toString('hex'),
        bytes.toString('base64url'),
      ]) {
        expect(written).not.toContain(form)
      }
    }
    return events
  }
}
