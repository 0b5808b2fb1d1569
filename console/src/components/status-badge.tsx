import type { EnumOf } from '../graphql/graphql.ts'
import { sentence } from '../words.ts'

const tones: Readonly<Record<EnumOf<'KeyStatus'> | EnumOf<'KeyVersionStatus'>, string>> = {
  ACTIVE: 'good',
  PRE_ACTIVATION: 'waiting',
  DEACTIVATED: 'stopped',
  DESTROY_SCHEDULED: 'bad',
  DESTROYED: 'bad',
}

/** The state of a key or of a version. */
export function StatusBadge({ status }: { readonly status: keyof typeof tones }) {
  return <span className={`badge ${tones[status]}`}>{sentence(status)}</span>
}
