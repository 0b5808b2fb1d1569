import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import type { Queryable } from '../../store/queryable.ts'
import {
  findUsage,
  setEncryptionsAside,
  type VersionPlace,
  writeLastUses,
} from '../../store/rows/usage-rows.ts'

/** How much versions are used. */
export interface UsageCounter {
  /** Counts one encryption; false if the version has made all that it may, and then it must not be made. */
  countEncryption(place: VersionPlace, max: number): Promise<boolean>
  /** Whether a version may make one more encryption, as far as is known now. Counts nothing. */
  hasEncryptionsLeft(place: VersionPlace, max: number): Promise<boolean>
  /** Remembers that a version was used now; written by the next `flush`. */
  noteUse(place: VersionPlace): void
  /** Use of several versions, in one statement, in the order of `places`. */
  read(places: readonly VersionPlace[]): Promise<readonly VersionUse[]>
  /** Writes what was noted. */
  flush(): Promise<void>
}

/** Use of one version, by all replicas. */
export interface VersionUse {
  /** Never less than were made: replicas set encryptions aside in blocks. */
  readonly encryptions: number
  readonly lastUsedAt: Date | null
}

/** The first block of a version, and the largest: each is twice as large as the one before. */
const blockSize = { first: 16, max: 65_536 } as const
/** Versions whose blocks are held; what is left of a forgotten one counts as made. */
const blocksMax = 100_000

interface Block {
  left: number
  readonly size: number
}

/**
 * Counts across replicas without a statement for each encryption: a replica sets a block aside in the database and then
 * counts in memory. A crash loses what is left of its blocks, so that the count is never too low.
 */
export function createUsageCounter(options: {
  db: Queryable
  clock: Clock
  /** Told of each block that is set aside, which share of all its encryptions the version has then made. */
  onBlock?: (share: number) => void
}): UsageCounter {
  const { db, clock, onBlock } = options
  const blocks = new LRUCache<string, Block>({ max: blocksMax })
  const underWay = new Map<string, Promise<boolean>>()
  let noted = new Map<string, VersionPlace & { readonly at: Date }>()

  const nameOf = ({ keyId, versionNumber }: VersionPlace) => `${keyId} ${versionNumber}`

  /** Close to the limit a whole block may not fit any more. */
  async function setBlockAside(place: VersionPlace, max: number): Promise<boolean> {
    const name = nameOf(place)
    const last = blocks.get(name)?.size ?? blockSize.first / 2
    for (let size = Math.min(last * 2, blockSize.max); size >= 1; size = Math.floor(size / 2)) {
      const made = await setEncryptionsAside(db, place, { count: size, max })
      if (made !== null) {
        onBlock?.(made / max)
        blocks.set(name, { left: size, size })
        return true
      }
    }
    return false
  }

  return {
    async countEncryption(place, max) {
      const name = nameOf(place)
      for (;;) {
        const block = blocks.get(name)
        if (block !== undefined && block.left > 0) {
          block.left--
          return true
        }
        // One block for all who wait: the others count on it as soon as it is there.
        const waiting = underWay.get(name) ?? setBlockAside(place, max).finally(() => underWay.delete(name))
        underWay.set(name, waiting)
        if (!(await waiting)) return false
      }
    },
    async hasEncryptionsLeft(place, max) {
      if ((blocks.get(nameOf(place))?.left ?? 0) > 0) return true
      const [use] = await findUsage(db, [place])
      return (use?.encryptions ?? 0) < max
    },
    noteUse(place) {
      noted.set(nameOf(place), { ...place, at: clock.now() })
    },
    async read(places) {
      const rows = new Map((await findUsage(db, places)).map((row) => [nameOf(row), row]))
      return places.map((place) => {
        const name = nameOf(place)
        const { encryptions = 0, lastUsedAt = null } = rows.get(name) ?? {}
        return { encryptions, lastUsedAt: noted.get(name)?.at ?? lastUsedAt }
      })
    },
    async flush() {
      const uses = noted
      noted = new Map()
      try {
        await writeLastUses(db, [...uses.values()])
      } catch (error) {
        // They go with the next flush, unless a newer use was noted meanwhile.
        noted = new Map([...uses, ...noted])
        throw error
      }
    },
  }
}
