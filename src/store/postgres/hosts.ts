import { UnfitServerError } from '../errors.ts'
import type { ServerState } from './session.ts'
import type { PostgresHost } from './url.ts'

/** Chooses which of several servers connections go to. */
export interface HostChoice {
  /**
   * The server that served last, until there is doubt; then the one that takes changes, of several the one that was
   * promoted last.
   *
   * @throws UnfitServerError if there is none
   */
  choose(): Promise<PostgresHost>
  /** Says that a server may not serve any more. */
  doubt(host: PostgresHost): void
  /**
   * Looks at what a server said of itself.
   *
   * @throws UnfitServerError if it cannot be used
   */
  judge(state: ServerState): void
}

/** Parts of a {@link HostChoice}. */
export interface ChoiceParts {
  readonly hosts: readonly PostgresHost[]
  /** Asks a server what it is, within a limited time. */
  probe(host: PostgresHost): Promise<ServerState>
  /** Called for each choice. */
  onChosen(host: PostgresHost): void
}

/** Begins in doubt. */
export function createHostChoice({ hosts, probe, onChosen }: ChoiceParts): HostChoice {
  let trusted: PostgresHost | null = null
  let last: PostgresHost | null = null
  let timelineMin = 0
  let searching: Promise<PostgresHost> | null = null

  function judge({ isReadOnly, timeline }: ServerState): void {
    if (isReadOnly) throw new UnfitServerError('it takes no changes')
    // It came back by itself, and does not know that another server was promoted: what it would acknowledge were lost.
    if (timeline < timelineMin) throw new UnfitServerError('it is a former primary')
    timelineMin = timeline
  }

  async function search(): Promise<PostgresHost> {
    // All at once: one that is silent must not keep the others waiting for longer than a probe takes.
    const results = await Promise.allSettled(
      hosts.map(async (host) => {
        const state = await probe(host)
        // Answers of the others may have shown meanwhile that it is a former primary.
        judge(state)
        return { host, timeline: state.timeline }
      }),
    )
    const fit = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const promotedLast = fit.filter(({ timeline }) => timeline === timelineMin).map(({ host }) => host)
    const chosen = promotedLast.find((host) => host === last) ?? promotedLast[0]
    if (chosen === undefined) throw new UnfitServerError(describe(results))
    trusted = chosen
    last = chosen
    onChosen(chosen)
    return chosen
  }

  return {
    judge,
    doubt(host) {
      if (trusted === host) trusted = null
    },
    async choose() {
      if (trusted !== null) return trusted
      searching ??= search().finally(() => {
        searching = null
      })
      return searching
    },
  }
}

/** Names hosts by their position in the list: not every reader of the error may see their names. */
function describe(results: readonly PromiseSettledResult<unknown>[]): string {
  const reasons = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`host ${index + 1}: ${reasonOf(result.reason)}`] : [],
  )
  return `no host takes changes (${reasons.join(', ')})`
}

/** Why a server cannot be used, without any name, address or password. */
export function reasonOf(error: unknown): string {
  if (error instanceof UnfitServerError) return error.message
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : 'no connection'
}
