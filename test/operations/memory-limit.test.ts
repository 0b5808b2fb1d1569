import { describe, expect, it } from 'vitest'
import { budgetMemory } from '../../src/memory-limit.ts'

const mebibyte = 2 ** 20
const embedded = { DATABASE_URL: null }
const postgres = { DATABASE_URL: 'postgresql://db/keystead' }

describe('the memory of a process', () => {
  it.each([
    [embedded, 1024, true],
    [embedded, 1536, false],
    [postgres, 512, true],
    [postgres, 1024, false],
  ])('%j with a limit of %i MiB is too little: %s', (config, limitMiB, isShort) => {
    expect(budgetMemory(config, limitMiB * mebibyte)).toMatchObject({ limitMiB, isShort })
  })

  it('is that of the machine where there is no limit', () => {
    // Without a limit Node gives 0, or a number beyond all memory.
    expect(budgetMemory(postgres, 0)).toEqual(budgetMemory(postgres, 2 ** 64))
  })
})
