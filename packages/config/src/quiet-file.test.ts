import { expect, it } from 'vitest'

import { type QuietFilePorts, waitUntilQuiet } from './index.ts'

it.each([
  ['written long ago', 400, 0],
  ['written just now', 2, 1],
  ['that is not there', undefined, 0],
  ['with a time in the future', -5000, 0],
])('G-4: a file %s', async (_, ageMs, waits) => {
  const machine = new Machine(ageMs)
  await waitUntilQuiet('main.cf', machine.ports)
  expect(machine.waits).toBe(waits)
})

it('G-4: waits again when the file is written again, and not for ever', async () => {
  const once = new Machine(0, [50])
  await waitUntilQuiet('main.cf', once.ports)
  expect(once.waits).toBe(2)

  const always = new Machine(0, Array<number>(100).fill(0))
  await waitUntilQuiet('main.cf', always.ports)
  expect(always.waits).toBe(10)
})

/** A file that is so old, and after each wait so old again. */
class Machine {
  waits = 0
  #nowMs = 1_000_000
  #modifiedMs: number | undefined
  readonly #later: number[]

  constructor(ageMs: number | undefined, later: readonly number[] = []) {
    this.#modifiedMs = ageMs === undefined ? undefined : this.#nowMs - ageMs
    this.#later = [...later]
  }

  readonly ports: QuietFilePorts = {
    modifiedMs: () => this.#modifiedMs,
    now: () => this.#nowMs,
    sleep: async (delayMs) => {
      this.waits++
      this.#nowMs += delayMs
      const ageMs = this.#later.shift()
      if (ageMs !== undefined) this.#modifiedMs = this.#nowMs - ageMs
    },
  }
}
