import type { KeyVersionView, KeyView, ServiceKeyView, UserKeyView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'

// Keys and versions name each other: their references come first, their fields in files of their own.

/** A key of either kind. */
export const Key = builder.interfaceRef<KeyView>('Key')

/** A user key, whole or redacted. */
export const UserKey = builder.objectRef<UserKeyView>('UserKey')

/** A service key. */
export const ServiceKey = builder.objectRef<ServiceKeyView>('ServiceKey')

/** A key version. */
export const KeyVersion = builder.objectRef<KeyVersionView>('KeyVersion')
