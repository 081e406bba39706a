import type { QueueFileSystem } from '../src/index.ts'

/** `disk` without calls that are made together, so that a test sees each. */
export function callByCall({ store, retire, ...calls }: QueueFileSystem): QueueFileSystem {
  return calls
}
