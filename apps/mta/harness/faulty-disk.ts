import type { FileSystemDirectory, QueueFileSystem } from '@posthouse/queue-store'

/** A call of the store to its disk. */
export interface DiskCall {
  readonly name: string
  /** The file, by its path when it was opened; empty where that is not known. */
  readonly path: string
}

/** Gives the code that a call is to fail with; undefined: it is done. */
export type Fault = (call: DiskCall) => string | undefined

type SingleCalls = Omit<QueueFileSystem, 'store' | 'retire' | 'openUsed'>

const IMMEDIATE = new Set(['close', 'fstat', 'lstatUsed', 'accessUsed', 'writev', 'rename'])

/**
 * A disk whose calls fail when a test wants it. A call that fails has done nothing, but for
 * `close`, after which a file is closed in any case. Nothing is synced: no test crashes it.
 */
export class FaultyDisk {
  readonly files: QueueFileSystem
  fault: Fault = () => undefined
  readonly #paths = new Map<number, string>()
  #pending = 0

  constructor(disk: QueueFileSystem) {
    const { store, retire, openUsed, ...calls } = disk // Each call is to be seen, and no other way.
    const unsynced = { ...calls, fsync: async () => undefined }
    this.files = new Proxy<SingleCalls>(unsynced, {
      get: (target, name: keyof SingleCalls) =>
        name in target ? this.#faulty(target, name) : undefined,
    })
  }

  /** Resolves when no call is under way, and none follows without a timer. */
  async idle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#pending > 0) quiet = -1
    }
  }

  #faulty(disk: SingleCalls, name: keyof SingleCalls) {
    return (...args: never[]) => {
      const method: (...args: never[]) => unknown = disk[name].bind(disk)
      const [first] = args as unknown[]
      const path = typeof first === 'number' ? this.#paths.get(first) : String(first)
      const code = this.fault({ name, path: path ?? '' })
      if (code !== undefined) {
        if (name === 'close') method(...args)
        const error = failure(code, name)
        if (IMMEDIATE.has(name)) throw error
        return this.#counted(Promise.reject(error))
      }
      const result = method(...args)
      if (!(result instanceof Promise)) return result
      return this.#counted(result.then((value) => this.#opened(name, path ?? '', value)))
    }
  }

  #opened(name: string, path: string, value: unknown): unknown {
    if (name === 'open') this.#paths.set(Number(value), path)
    if (name !== 'opendir') return value
    const directory = value as FileSystemDirectory
    const read = async () => {
      const code = this.fault({ name: 'readdir', path })
      if (code !== undefined) throw failure(code, 'readdir')
      return directory.read()
    }
    return { read: () => this.#counted(read()), close: () => this.#counted(directory.close()) }
  }

  async #counted<Value>(call: Promise<Value>): Promise<Value> {
    this.#pending += 1
    try {
      return await call
    } finally {
      this.#pending -= 1
    }
  }
}

function failure(code: string, name: string): Error {
  return Object.assign(new Error(`${code}: ${name}`), { code })
}
