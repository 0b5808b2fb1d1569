import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import { inGroups } from '../../store/in-groups.ts'
import {
  findUsage,
  setEncryptionsAside,
  setEncryptionsOfManyAside,
  type VersionPlace,
  writeLastUses,
} from '../../store/rows/usage-rows.ts'
import type { Queryable } from '../../store/sql.ts'

/** Counter of encryptions and last uses of versions. */
export interface UsageCounter {
  /** Counts one encryption. False if the limit is reached; the encryption must not be made then. */
  countEncryption(place: VersionPlace, max: number): Promise<boolean>
  /** Checks whether a version may make one more encryption. Counts nothing. */
  hasEncryptionsLeft(place: VersionPlace, max: number): Promise<boolean>
  /** Notes that a version was used now. The next `flush` writes it. */
  noteUse(place: VersionPlace): void
  /** Use of several versions, in one statement, in the order of `places`. */
  read(places: readonly VersionPlace[]): Promise<readonly VersionUse[]>
  /** Writes noted uses. */
  flush(): Promise<void>
}

/** Use of one version, by all replicas. */
export interface VersionUse {
  /** Never too low. May be too high, because replicas reserve encryptions in blocks. */
  readonly encryptions: number
  readonly lastUsedAt: Date | null
}

/** First and largest size of the blocks of a version. Each block is twice as large as the one before. */
const blockSize = { first: 16, max: 65_536 } as const
/** Maximum of versions with a block in memory. The rest of an evicted block counts as used. */
const blocksMax = 100_000

interface Block {
  left: number
  readonly size: number
}

/**
 * Counts across replicas without a statement for each encryption: a replica reserves a block in the database and then
 * counts in memory. After a crash the rest of its blocks counts as used, so that the count is never too low.
 */
export function createUsageCounter(options: {
  db: Queryable
  clock: Clock
  /** Receives, for each reserved block, the share of its limit that the version has used. */
  onBlock?: (share: number) => void
}): UsageCounter {
  const { db, clock, onBlock } = options
  const blocks = new LRUCache<string, Block>({ max: blocksMax })
  const reserving = new Map<string, Promise<boolean>>()
  let noted = new Map<string, VersionPlace & { readonly at: Date }>()

  type Wanted = VersionPlace & { readonly count: number }
  const setAsideByMax = new Map<number, (wanted: Wanted) => Promise<number | null>>()
  function setAside(max: number) {
    const known = setAsideByMax.get(max)
    if (known !== undefined) return known
    const made = inGroups((wanted: readonly Wanted[]) => setEncryptionsOfManyAside(db, wanted, max))
    setAsideByMax.set(max, made)
    return made
  }

  const nameOf = ({ keyId, versionNumber }: VersionPlace) => `${keyId} ${versionNumber}`

  /** Reserves a block, or a smaller one close to the limit. */
  async function reserveBlock(place: VersionPlace, max: number): Promise<boolean> {
    const name = nameOf(place)
    const last = blocks.get(name)?.size ?? blockSize.first / 2
    const usual = Math.min(last * 2, blockSize.max)
    let made = await setAside(max)({ ...place, count: usual })
    for (let size = usual; size >= 1; size = Math.floor(size / 2)) {
      made ??= await setEncryptionsAside(db, place, { count: size, max })
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
        // One block for all waiting encryptions of the version.
        const waiting = reserving.get(name) ?? reserveBlock(place, max).finally(() => reserving.delete(name))
        reserving.set(name, waiting)
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
        // The next flush writes them, unless a newer use was noted meanwhile.
        noted = new Map([...uses, ...noted])
        throw error
      }
    },
  }
}
