import type { PostsuperPorts, QueueTree } from '../src/index.ts'

export const NOW_MS = 1_795_000_000_000
const DIRECTORY = 0o040000
const REGULAR = 0o100000
const LINK = 0o120000

interface Node {
  readonly inode: number
  mode: number
  modifiedMs: number
}

/** A queue in memory, whose inode numbers can be chosen. */
export class MemoryTree {
  readonly nodes = new Map<string, Node>()
  #nextInode = 0x900000

  constructor() {
    const queues = 'maildrop incoming active deferred hold bounce defer trace flush'
    for (const queue of queues.split(' ')) this.add(`${queue}`, DIRECTORY | 0o700)
  }

  /** @param path Relative to the queue directory. */
  add(
    path: string,
    mode: number = REGULAR | 0o700,
    inode: number = this.#nextInode++,
    modifiedMs: number = NOW_MS,
  ): void {
    this.nodes.set(`/queue/${path}`, { inode, mode, modifiedMs })
  }

  /** A line of a listing: mode in octal, inode number in hex, path. */
  addListed(line: string, isDirectory: boolean, isOld: boolean): void {
    const [mode = '', inode = '', path = ''] = line.split(' ')
    const type = mode === '777' ? LINK : isDirectory ? DIRECTORY : REGULAR
    const modifiedMs = isOld ? NOW_MS - 8 * 24 * 3_600_000 : NOW_MS
    this.add(path, type | Number.parseInt(mode, 8), Number.parseInt(inode, 16), modifiedMs)
  }

  /** Paths below the queues, with modes; and, of files, inode numbers. */
  listing(): string[] {
    return [...this.nodes]
      .map(([path, node]) => [path.slice('/queue/'.length), node] as const)
      .filter(([path]) => path.includes('/'))
      .map(([path, { mode, inode }]) => {
        const shown = (mode & DIRECTORY) === 0 ? ` ${inode.toString(16).toUpperCase()}` : ''
        return `${(mode & 0o777).toString(8)}${shown} ${path}`
      })
      .sort()
  }

  readonly tree: QueueTree = {
    list: (path) => {
      this.#get(path)
      const names = [...this.nodes.keys()]
        .filter((key) => key.startsWith(`${path}/`) && !key.slice(path.length + 1).includes('/'))
        .map((key) => key.slice(path.length + 1))
      return names.map((name) => ({ name, type: typeOf(this.#get(`${path}/${name}`).mode) }))
    },
    status: (path) => {
      const { inode, mode, modifiedMs } = this.#get(path)
      const rest = { changedMs: modifiedMs, sizeBytes: 1, links: 1, userId: 0 }
      return { inode, mode, modifiedMs, ...rest }
    },
    rename: (from, to) => {
      const node = this.#get(from)
      this.#get(to.slice(0, to.lastIndexOf('/')))
      this.nodes.delete(from)
      this.nodes.set(to, node)
    },
    unlink: (path) => {
      this.#get(path)
      this.nodes.delete(path)
    },
    mkdir: (path, mode) => {
      this.#get(path.slice(0, path.lastIndexOf('/')))
      if (this.nodes.has(path)) throw failure('EEXIST')
      this.add(path.slice('/queue/'.length), DIRECTORY | mode)
    },
    rmdir: (path) => {
      this.#get(path)
      if ([...this.nodes.keys()].some((key) => key.startsWith(`${path}/`))) {
        throw failure('ENOTEMPTY')
      }
      this.nodes.delete(path)
    },
    chmod: (path, mode) => {
      const node = this.#get(path)
      node.mode = (node.mode & 0o170000) | mode
    },
    touch: (path, modifiedMs) => {
      this.#get(path).modifiedMs = modifiedMs
    },
  }

  /** What a run needs beside its settings. */
  ports(stderr: (line: string) => void): Omit<PostsuperPorts, 'openQueue'> {
    return {
      tree: this.tree,
      now: () => NOW_MS,
      isSuperuser: true,
      readInput: async () => Buffer.alloc(0),
      reasonOf: (error) => (error instanceof Error ? error.message : String(error)),
      pause: async () => {},
      stderr: (bytes) => stderr(Buffer.from(bytes).toString().slice(0, -1)),
    }
  }

  #get(path: string): Node {
    const node = this.nodes.get(path)
    if (node === undefined) throw failure('ENOENT')
    return node
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
}

function failure(code: string): Error {
  return Object.assign(new Error(TEXTS[code]), { code })
}

function typeOf(mode: number): 'file' | 'directory' | 'other' {
  const type = mode & 0o170000
  return type === REGULAR ? 'file' : type === DIRECTORY ? 'directory' : 'other'
}
