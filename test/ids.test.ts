import { expect, it } from 'vitest'
import { newUuid } from '../src/ids.ts'

it('IDs made one after the other share the time and nothing else', () => {
  const uuids = Array.from({ length: 2000 }, newUuid)
  for (const uuid of uuids) {
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Math.abs(Number.parseInt(uuid.replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(
      60_000,
    )
  }
  // A counter would make the first random bits of neighbours alike: here they are as different as chance makes them.
  const counters = uuids.map((uuid) => Number.parseInt(uuid.slice(15, 18) + uuid.slice(20, 23), 16))
  const near = counters.filter((value, index) => Math.abs(value - (counters[index - 1] ?? 0)) < 1000)
  expect(near.length).toBeLessThan(20)
})
