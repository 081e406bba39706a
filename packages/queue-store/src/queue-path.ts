import { hashKey, isQueueFileName } from './queue-id.ts'
import type { QueueName } from './queue-name.ts'

/** What decides where a file lies below the queue directory (F-8). */
export interface HashingOptions {
  /** `queue_directory`. */
  readonly directory: string
  /** `hash_queue_names`; compared without regard to case. */
  readonly hashQueueNames: readonly string[]
  /** `hash_queue_depth`: levels of hash directories, at least 1. */
  readonly hashQueueDepth: number
}

/** Finds the place of queue files. Does no I/O. */
export class QueuePaths {
  readonly #directory: string
  readonly #hashed: ReadonlySet<string>
  readonly #depth: number

  constructor({ directory, hashQueueNames, hashQueueDepth }: HashingOptions) {
    this.#directory = directory
    this.#hashed = new Set(hashQueueNames.map((name) => name.toLowerCase()))
    this.#depth = Math.max(1, Math.floor(hashQueueDepth))
  }

  /** The directory of a queue, hash directories aside. */
  queue(queue: QueueName): string {
    return `${this.#directory}/${queue}`
  }

  /** Where the file `id` belongs. @throws {TypeError} if `id` cannot be a file name (F-2). */
  file(queue: QueueName, id: string): string {
    // A name from outside that got here unchecked could lead out of the queue.
    if (!isQueueFileName(id)) throw new TypeError('expected a queue id: 1 to 255 of A-Z a-z 0-9 _')
    if (!this.#hashed.has(queue)) return `${this.#directory}/${queue}/${id}`
    let path = `${this.#directory}/${queue}/`
    const key = hashKey(id)
    for (let level = 0; level < this.#depth; level++) path += `${key[level] ?? '_'}/`
    return path + id
  }

  /** The hash directories above the file `id`, outermost first; empty if the queue has none. */
  hashDirectories(queue: QueueName, id: string): string[] {
    if (!this.#hashed.has(queue)) return []
    const key = hashKey(id)
    let path = `${this.#directory}/${queue}`
    return Array.from({ length: this.#depth }, (_, level) => {
      path += `/${key[level] ?? '_'}`
      return path
    })
  }
}
