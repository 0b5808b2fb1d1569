/** Most items of one group. */
const groupSizeMax = 500

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * A question that is asked for many items at once: items that come while a group is under way wait for the next, so that a
 * busy server asks once for all of them, and an idle one at once for each. An error is that of the whole group.
 *
 * @param ask gives the answers in the order of the items
 */
export function inGroups<Item, Answer>(
  ask: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  const waiting: Waiting<Item, Answer>[] = []
  let isAsking = false

  async function askGroups(): Promise<void> {
    isAsking = true
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupSizeMax)
      try {
        const answers = await ask(group.map(({ item }) => item))
        for (const [index, { resolve }] of group.entries()) resolve(answers[index] as Answer)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    isAsking = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isAsking) void askGroups()
    })
}
