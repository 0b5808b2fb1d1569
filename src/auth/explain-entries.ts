import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Caller } from '../keys/rules/caller.ts'
import { callerOf, prefixesOf } from './authenticate.ts'
import { UnauthenticatedError } from './errors.ts'
import { describeMismatch, evaluateRules } from './evaluate-rules.ts'
import { describeCondition, readClaim } from './read-source.ts'
import type { TokenRule } from './token-rules.ts'
import { entriesOf, type ListedIssuer, type TrustedIssuer } from './trusted-issuer.ts'
import { checkUnverified, type VerifiedPayload, verifyToken } from './verify-token.ts'

/** Lines about the entries of a file: where their keys are, when their rules match, and what may be a mistake. */
export function describeEntries(entries: readonly ListedIssuer[]): readonly string[] {
  return entries.flatMap((entry) => [
    `Entry ${entry.name}: ${whoOf(entry)}, keys from ${keysOf(entry)}`,
    ...(entry.audiences.length === 0 ? [] : [`  Audiences: ${entry.audiences.join(', ')}`]),
    ...(entry.reading.rules ?? []).map((rule, index) => `  Rule ${index}: ${conditionsOf(rule)}`),
    ...warningsOf(entry, entries).map((warning) => `  Warning: ${warning}`),
  ])
}

/** What the entries make of a token. */
export interface Explanation {
  readonly lines: readonly string[]
  readonly isAccepted: boolean
}

/**
 * Explains what each rule makes of a token, and why it is refused. Unlike the log, it shows values of the token, to the operator
 * who has the token.
 */
export async function explainToken(
  token: string,
  entries: readonly TrustedIssuer[],
  { config, clock, verify }: { config: Config; clock: Clock; verify: boolean },
): Promise<Explanation> {
  const prefixes = prefixesOf(entries)
  try {
    const candidates = entriesOf(token, entries)
    const lines: string[] = []
    let isDecided = false
    let isAccepted = false
    for (const issuer of candidates) {
      lines.push(`Entry ${issuer.name}:`)
      try {
        const rules = { issuer, config, clock }
        const claims = await (verify ? verifyToken(token, rules) : checkUnverified(token, rules))
        const found = explainClaims(issuer, claims, prefixes)
        lines.push(...found.lines)
        if (!isDecided) isAccepted = found.isAccepted
        // The order of entries decides only where both have keys that verify the token.
        isDecided ||= found.isFinal
      } catch (error) {
        if (!(error instanceof Error)) throw error
        const reason = error instanceof UnauthenticatedError ? error.refusal.reason : error.message
        lines.push(`  Refused: ${reason}`)
        isDecided ||= error instanceof UnauthenticatedError && !error.isForeign
      }
    }
    return { lines, isAccepted }
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error
    return { lines: [`Refused: ${error.message}`], isAccepted: false }
  }
}

/** What an entry makes of the claims of a token. The verdict is the server's own. */
function explainClaims(
  issuer: TrustedIssuer,
  claims: VerifiedPayload,
  prefixes: readonly string[],
): Explanation & { readonly isFinal: boolean } {
  const lines = explainRules(issuer, claims, prefixes)
  try {
    const { caller, rule } = callerOf(claims, issuer, prefixes)
    const who = rule === null ? describeCaller(caller) : []
    const warning = warningAbout(issuer, claims)
    const verdict = rule === null ? '  Accepted.' : `  Accepted by rule ${rule}.`
    return { lines: [...lines, ...who, ...warning, verdict], isAccepted: true, isFinal: true }
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error
    const { isForeign, refusal } = error
    const by = refusal.rule === null ? '' : ` by rule ${refusal.rule}`
    const verdict = `  Refused${by}: ${refusal.reason.replace(/\.$/, '')}.`
    return { lines: [...lines, verdict], isAccepted: false, isFinal: !isForeign }
  }
}

/** Lines about each rule; none for an entry of the first form. */
function explainRules(issuer: TrustedIssuer, claims: VerifiedPayload, prefixes: readonly string[]): string[] {
  const rules = issuer.reading.rules ?? []
  const first = rules.findIndex((rule) => describeMismatch(rule, claims) === null)
  return rules.flatMap((rule, index) => {
    const mismatch = describeMismatch(rule, claims)
    if (mismatch !== null) return [`  Rule ${index} does not match: it needs that ${mismatch}`]
    const verdict = evaluateRules({ ...issuer, entry: issuer.name, rules: [rule] }, { claims, prefixes })
    return [
      `  Rule ${index} matches${index === first ? '' : `, but rule ${first} counts`}:`,
      ...('caller' in verdict ? describeCaller(verdict.caller) : [`    refused: ${verdict.reason}`]),
    ]
  })
}

function warningAbout({ acceptsIdTokens, audiences }: TrustedIssuer, claims: VerifiedPayload): string[] {
  const client = [readClaim(claims, ['client_id']), readClaim(claims, ['azp'])]
  const isClient = !acceptsIdTokens && audiences.some((audience) => client.includes(audience))
  return isClient
    ? [
        '  Warning: the audience is the client that asked for the token. ID tokens have it, too: ask for an audience of this server',
      ]
    : []
}

function describeCaller({
  subject,
  displayName,
  projectId,
  groups,
  roles,
  tokenExpiresAt,
}: Caller): readonly string[] {
  const rows = [
    ['project', projectId],
    ['subject', subject],
    ...(displayName === undefined ? [] : [['shown as', displayName]]),
    ['groups', groups.join(', ') || 'none'],
    ['roles', [...roles].join(', ') || 'none'],
    ['expires', tokenExpiresAt.toISOString()],
  ]
  return rows.map(([name = '', value]) => `    ${name.padEnd(8)} ${value}`)
}

function whoOf({ issuer, trustDomain }: ListedIssuer): string {
  return issuer === null ? `trust domain ${trustDomain}` : `issuer ${issuer}`
}

function keysOf({ jwksFile, jwksUrl, discoveryUrls }: ListedIssuer): string {
  return jwksFile ?? jwksUrl ?? `the document ${discoveryUrls?.[0] ?? ''}`
}

function conditionsOf({ when }: TokenRule): string {
  return when.length === 0 ? 'always' : `when ${when.map(describeCondition).join(' and ')}`
}

function warningsOf(entry: ListedIssuer, entries: readonly ListedIssuer[]): readonly string[] {
  const { name, issuer, audiences, reading } = entry
  const isPlain = ({ reading: { rules } }: ListedIssuer) =>
    rules?.some(({ prefixNames }) => !prefixNames) !== false
  const twin = entries.find((each) => each.name !== name && each.issuer === issuer && isPlain(each))
  return [
    ...(audiences.includes('account')
      ? ['"account" is in the tokens of all clients of Keycloak: it is no audience of this server']
      : []),
    ...(issuer !== null && audiences.includes(issuer)
      ? ['the issuer is its own audience: its refresh tokens may have it, too']
      : []),
    ...(issuer !== null && twin !== undefined && isPlain(entry)
      ? [
          `the entry ${twin.name} has the same issuer, and neither prefixes names: equal names of both are one subject`,
        ]
      : []),
    ...(reading.rules === undefined ? ['the entry is of the first form, without rules'] : []),
  ]
}
