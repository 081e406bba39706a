/** What {@link waitUntilQuiet} needs of the machine. */
export interface QuietFilePorts {
  /** When the file was last written, in milliseconds since 1970; undefined when it is not there. */
  readonly modifiedMs: (path: string) => number | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sleep: (delayMs: number) => Promise<void>
}

const QUIET_MS = 300
const MAX_WAITS = 10

/**
 * Waits until nobody has written to a file for 0.3 s, so that what an editor has half written is
 * not taken for the whole (G-4). Call it before reading main.cf and master.cf.
 *
 * Postfix reads again until the second of the last change is over. Times of files are finer than
 * a second today, so this waits as long as it takes to be sure and no longer: not at all for a file
 * that was not changed just now.
 *
 * Limit: 3 s, then the file is to be read as it is. A time in the future does not count.
 */
export async function waitUntilQuiet(path: string, ports: QuietFilePorts): Promise<void> {
  for (let waits = 0; waits < MAX_WAITS; waits++) {
    const modifiedMs = ports.modifiedMs(path)
    if (modifiedMs === undefined) return
    const ageMs = ports.now() - modifiedMs
    if (ageMs < 0 || ageMs >= QUIET_MS) return
    await ports.sleep(QUIET_MS)
  }
}
