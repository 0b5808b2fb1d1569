import type { CallerKind } from '../keys/rules/caller.ts'
import type { Template } from './template.ts'

/** Names of the steps to a claim: `["kubernetes.io", "namespace"]`. A dot in a name has no meaning. */
export type ClaimPath = readonly string[]

/** A value that a claim is compared with. */
export type Scalar = string | number | boolean

/** One condition on a claim. All conditions of a rule must hold. */
export type Condition = { readonly claim: ClaimPath } & (
  | { readonly operator: 'equals'; readonly value: Scalar }
  | { readonly operator: 'startsWith' | 'endsWith' | 'contains'; readonly value: string }
  | { readonly operator: 'present' | 'absent' }
  | { readonly operator: 'equalsClaim'; readonly other: ClaimPath }
)

/** Values from a claim. The steps apply in the order of the members. */
export interface ClaimSource {
  readonly claim: ClaimPath
  /** Takes the names of the members of an object. */
  readonly keys: boolean
  /** Takes this member of each object in a list. */
  readonly each: string | null
  /** Splits a string. */
  readonly separator: string | null
  /** Takes the part of the strings that match; the others are left out. */
  readonly template: { readonly template: Template; readonly part: string } | null
  /** Leaves out strings that do not begin with it. */
  readonly startsWith: string | null
  /** Removed where a string begins with it. */
  readonly cutPrefix: string | null
  /** Leaves out all other strings. */
  readonly only: readonly string[] | null
  /** Replaces each string; those that are not in it are left out. */
  readonly map: ReadonlyMap<string, readonly string[]> | null
}

/** One value from several sources, each with exactly one value, with a separator between them. */
export interface JoinSource {
  readonly join: readonly (ConstantSource | ClaimSource)[]
  readonly separator: string
}

/** A value that does not depend on the token. */
export interface ConstantSource {
  readonly constant: string
}

/** Where values come from. */
export type Source = ConstantSource | ClaimSource | JoinSource

/** Replaces the check of `aud` for tokens that name their audience in another claim. */
export interface AudienceRule {
  readonly claim: ClaimPath
  readonly values: readonly string[]
  /** Accepts tokens that have an `aud` of any value, too. */
  readonly ignoreAud: boolean
}

/** A rule that turns the claims of a token into a caller. The first rule whose conditions hold counts. */
export interface TokenRule {
  readonly when: readonly Condition[]
  readonly audience: AudienceRule | null
  readonly project: Source
  readonly subject: Source
  readonly kind: Source
  /** Name for people to read: the first value that can be a name. */
  readonly displayName: readonly Source[]
  /** Unions of their sources. */
  readonly groups: readonly Source[]
  readonly roles: readonly Source[]
  /** Puts the name of the entry and "/" before the names of subject and groups. */
  readonly prefixNames: boolean
}

/** Rules of one entry, with what they are evaluated by. */
export interface RuleSet {
  /** Name of the entry. */
  readonly entry: string
  /** Accepted values of `aud`; any of them suffices. */
  readonly audiences: readonly string[]
  readonly rules: readonly TokenRule[]
  /** Projects and kinds of callers that the entry may speak for; null for all. */
  readonly projects: readonly string[] | null
  readonly kinds: readonly CallerKind[] | null
}
