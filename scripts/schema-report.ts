import { type Change, CriticalityLevel, DiffRule, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

/** What is different between two schemas, by what it means for clients. */
export interface SchemaReport {
  /** A client that was right is wrong now. */
  readonly breaking: readonly SchemaChange[]
  /** A client may meet what it has not met before: one more value of an enum, one more member of a union. */
  readonly dangerous: readonly SchemaChange[]
  /** No client can notice. */
  readonly safe: readonly SchemaChange[]
}

interface SchemaChange {
  /** E.g. `UserKey.name`. */
  readonly path: string
  readonly message: string
}

/** Compares two schemas that are given as text. Changes of descriptions are none. */
export async function compareSchemas(before: string, after: string): Promise<SchemaReport> {
  // A schema of a former commit need not be valid for today's rules.
  const [old, young] = [before, after].map((text) => buildSchema(text, { assumeValid: true }))
  if (old === undefined || young === undefined) throw new TypeError('two schemas are needed')
  // Not `simplifyChanges` as well: beside a deprecation it leaves out what else happens to the element.
  const changes = await diff(old, young, [DiffRule.ignoreDescriptionChanges])
  const of = (level: CriticalityLevel) =>
    changes.filter(({ criticality }) => criticality.level === level).map(toSchemaChange)
  return {
    breaking: of(CriticalityLevel.Breaking),
    dangerous: of(CriticalityLevel.Dangerous),
    safe: of(CriticalityLevel.NonBreaking),
  }
}

function toSchemaChange({ path, message }: Change): SchemaChange {
  return { path: path ?? '(schema)', message }
}

/** Breaking changes whose path (as code) is in no "**Breaking:**" item of the unreleased section of the changelog. */
export function unannouncedOf({ breaking }: SchemaReport, changelog: string): readonly SchemaChange[] {
  const [, unreleased = ''] = /^## \[Unreleased\]\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog) ?? []
  const announcements = unreleased.split(/^(?=- |#)/m).filter((item) => item.startsWith('- **Breaking:**'))
  return breaking.filter(({ path }) => !announcements.some((item) => item.includes(`\`${path}\``)))
}

/** The report as text: counts first, then each breaking and dangerous change, and the safe ones on demand. */
export function formatReport({ breaking, dangerous, safe }: SchemaReport, options: { all: boolean }): string {
  const lines = (title: string, changes: readonly SchemaChange[]) =>
    changes.length === 0 ? [] : ['', title, ...changes.map(({ path, message }) => `  ${path}: ${message}`)]
  return [
    `${breaking.length} breaking, ${dangerous.length} dangerous, ${safe.length} safe`,
    ...lines('Breaking', breaking),
    ...lines('Dangerous', dangerous),
    ...(options.all ? lines('Safe', safe) : []),
  ].join('\n')
}
