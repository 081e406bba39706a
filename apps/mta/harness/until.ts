import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 20_000
const PAUSE_MS = 20

/** Asks again and again until the answer is true. @throws after 20 s. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  complaint: () => string,
): Promise<void> {
  for (const start = performance.now(); performance.now() - start < PATIENCE_MS; ) {
    if (await isSo()) return
    await sleep(PAUSE_MS)
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s: ${complaint()}`)
}
