import type { EnumOf } from '../../../api/graphql.ts'

/** What the operations need to know of the key. */
export interface TriedKey {
  readonly id: string
  readonly name: string
  readonly type: EnumOf<'KeyType'>
  readonly usage: EnumOf<'KeyUsage'>
  readonly algorithm: EnumOf<'KeyAlgorithm'>
  /** Number of the version that is offered first. */
  readonly versionNumber: number
}

/** What each operation gets. */
export interface OperationProps<Handed = never> {
  readonly userKey: TriedKey
  /** Gives what came out to the operation that undoes or checks it; undefined where the viewer may not run that one. */
  readonly onHandOver?: ((handed: Handed) => void) | undefined
}
