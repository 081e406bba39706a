import type { OpenFile, PostcatPorts } from '../src/index.ts'

export interface Outcome {
  readonly status: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Files in memory, and what postcat(1) said of them. */
export class MemoryFiles {
  readonly files = new Map<string, Buffer>()
  /** Codes with which the opening of a path fails. */
  readonly failures = new Map<string, string>()
  input: Buffer = Buffer.alloc(0)
  readonly #out: Buffer[] = []
  readonly #err: Buffer[] = []
  open = 0

  readonly ports: PostcatPorts = {
    openFile: async (path) => this.#openFile(path),
    readInput: async () => this.input,
    queueOf: (configDirectory) => {
      if (configDirectory === '/broken') throw new Error('open /broken/main.cf: Permission denied')
      return { directory: '/queue', hashQueueNames: ['deferred'], hashQueueDepth: 1 }
    },
    reasonOf: (error) => REASONS[codeOf(error)] ?? String(error),
    stdout: (bytes) => this.#out.push(Buffer.from(bytes)),
    stderr: (bytes) => this.#err.push(Buffer.from(bytes)),
  }

  async run(work: (ports: PostcatPorts) => Promise<number>): Promise<Outcome> {
    this.#out.length = 0
    this.#err.length = 0
    const status = await work(this.ports)
    const stderr = Buffer.concat(this.#err).toString('latin1')
    return { status, stdout: Buffer.concat(this.#out), stderr }
  }

  #openFile(path: string): OpenFile {
    const code = this.failures.get(path) ?? (this.files.has(path) ? undefined : 'ENOENT')
    if (code !== undefined) throw Object.assign(new Error(code), { code })
    const bytes = this.files.get(path)!
    this.open++
    return {
      sizeBytes: bytes.length,
      read: async (position, length) => bytes.subarray(position, position + length),
      close: async () => {
        this.open--
      },
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
