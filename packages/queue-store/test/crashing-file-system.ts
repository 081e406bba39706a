import type { FileSystemEntry, FileSystemStatus, QueueFileSystem } from '../src/index.ts'

const PAGE_BYTES = 4096
const STAMP_MS = 1_795_190_416_303

/**
 * `journal`: changes of names and modes are kept in their order, and fsync of any file keeps all of
 * them so far (ext4). `none`: fsync of a file keeps its data and its mode, and fsync of a directory
 * its names; of the rest any may be lost, but no file has two names.
 */
export type Ordering = 'journal' | 'none'

interface Inode {
  data: Buffer
  syncedData: Buffer
  /** What it held before it was emptied, each time. */
  past: Buffer[]
}

/** A change of names or modes. */
interface Change {
  readonly inode: number
  readonly directories: readonly string[]
  readonly apply: (disk: Disk) => void
  isSynced: boolean
}

/** What survives a crash. */
export interface Disk {
  readonly names: Map<string, number>
  readonly modes: Map<number, number>
  readonly data: Map<number, Buffer>
  /** How many times a file was emptied. */
  readonly emptied: Map<number, number>
}

/** What became of the data of files that were not synced. */
export type DataLoss = (inode: Inode) => Buffer

export const DATA_LOSSES: Record<string, DataLoss> = {
  'all written': ({ data }) => data,
  'none written': ({ syncedData }) => syncedData,
  'only the length': ({ data, syncedData }) => padded(syncedData, data.length),
  'one byte missing': ({ data, syncedData }) => unlessSynced(data, syncedData, data.length - 1),
  'no end record': ({ data, syncedData }) => unlessSynced(data, syncedData, data.length - 2),
  'half of it': ({ data, syncedData }) => unlessSynced(data, syncedData, data.length >>> 1),
  'a page in the middle missing': ({ data, syncedData }) => {
    const copy = Buffer.from(data)
    const page = padded(syncedData, data.length).subarray(PAGE_BYTES, 2 * PAGE_BYTES)
    copy.set(page.subarray(0, Math.max(0, copy.length - PAGE_BYTES)), page.length && PAGE_BYTES)
    return copy
  },
}

/**
 * A disk whose machine dies after so many changes: then no call ever answers. Tells what the next
 * machine may find.
 */
export class CrashingFileSystem implements QueueFileSystem {
  readonly ordering: Ordering
  /** Changes to make before time stands still. */
  #changesLeft: number
  readonly #disk: Disk
  readonly #before: Disk // What the disk held when this began.
  readonly #inodes = new Map<number, Inode>()
  readonly #changes: Change[] = []
  readonly #files = new Map<number, { inode: number; path: string }>()
  #nextInode: number
  #nextFile = 3
  #crash!: () => void
  readonly crashed = new Promise<void>((resolve) => {
    this.#crash = resolve
  })

  constructor(ordering: Ordering, changesLeft: number, disk: Disk) {
    this.ordering = ordering
    this.#changesLeft = changesLeft
    this.#before = disk
    this.#disk = copyOf(disk)
    for (const [number, data] of disk.data) {
      this.#inodes.set(number, { data, syncedData: data, past: [] })
    }
    this.#nextInode = Math.max(99, ...disk.modes.keys(), ...disk.data.keys()) + 1
  }

  async open(path: string, how: string, mode = 0): Promise<number> {
    let inode = this.#disk.names.get(path)
    if (how === 'create' && inode !== undefined) throw failure('EEXIST')
    if (inode === undefined && (how === 'create' || how === 'append')) {
      await this.#change()
      inode = this.#make(path, 0o100000 | mode)
    }
    if (inode === undefined) throw failure('ENOENT')
    this.#files.set(this.#nextFile, { inode, path })
    return this.#nextFile++
  }

  close(file: number): void {
    if (!this.#files.delete(file)) throw failure('EBADF')
  }

  lstatUsed(path: string): FileSystemStatus {
    return this.#status(this.#inodeOf(path))
  }

  accessUsed(path: string): void {
    this.#inodeOf(path)
  }

  fstat(file: number): FileSystemStatus {
    return this.#status(this.#files.get(file)!.inode)
  }

  async lstat(path: string): Promise<FileSystemStatus> {
    return this.#status(this.#inodeOf(path))
  }

  async read(file: number, target: Uint8Array, position: number): Promise<number> {
    const data = this.#inode(file).data.subarray(position, position + target.length)
    target.set(data)
    return data.length
  }

  async writev(file: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
    await this.#change()
    const inode = this.#inode(file)
    const bytes = Buffer.concat(buffers)
    const before = padded(inode.data.subarray(0, position), position)
    inode.data = Buffer.concat([before, bytes, inode.data.subarray(position + bytes.length)])
    return bytes.length
  }

  async pwrite(file: number, bytes: Uint8Array, position: number): Promise<number> {
    await this.#change()
    const inode = this.#inode(file)
    inode.data = Buffer.from(inode.data)
    inode.data.set(bytes, position)
    return bytes.length
  }

  async ftruncate(file: number, sizeBytes: number): Promise<void> {
    if (sizeBytes === 0) return this.#empty(this.#files.get(file)!.inode)
    await this.#change()
    const inode = this.#inode(file)
    inode.data = inode.data.subarray(0, sizeBytes)
  }

  async fsync(file: number): Promise<void> {
    await this.#change()
    const { inode, path } = this.#files.get(file)!
    const content = this.#inodes.get(inode)
    if (content !== undefined) content.syncedData = content.data
    for (const change of this.#changes) {
      const isMode = change.inode === inode && change.directories.length === 0
      const isName = content === undefined && change.directories.includes(path)
      if (this.ordering === 'journal' || isMode || isName) change.isSynced = true
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inodeOf(from)
    if (!this.#disk.names.has(parent(to))) throw failure('ENOENT')
    await this.#change()
    if (this.#disk.names.has(to)) throw failure('EEXIST') // It would be gone.
    this.#log(inode, [parent(from), parent(to)], ({ names }) => {
      if (!names.has(parent(to))) return void names.delete(from)
      names.delete(from)
      names.set(to, inode)
    })
  }

  async unlink(path: string): Promise<void> {
    const inode = this.#inodeOf(path)
    await this.#change()
    this.#log(inode, [parent(path)], ({ names }) => names.delete(path))
  }

  async mkdir(path: string, mode: number): Promise<void> {
    if (this.#disk.names.has(path)) throw failure('EEXIST')
    await this.#change()
    this.#make(path, 0o040000 | mode)
  }

  async utimes(path: string): Promise<void> {
    this.#inodeOf(path)
  }

  async chmod(path: string): Promise<void> {
    this.#inodeOf(path)
  }

  async opendir(path: string): Promise<{
    read(): Promise<FileSystemEntry | undefined>
    close(): Promise<void>
  }> {
    this.#inodeOf(path)
    const names = [...this.#disk.names.keys()].filter((name) => parent(name) === path)
    return {
      read: async () => {
        const name = names.pop()
        if (name === undefined) return undefined
        const isDirectory = !this.#inodes.has(this.#inodeOf(name))
        return { name: name.slice(path.length + 1), isDirectory }
      },
      close: async () => undefined,
    }
  }

  async syncsEntries(): Promise<boolean> {
    return this.ordering === 'journal'
  }

  /** The disks that the machine may find when it comes up again, data aside. */
  *survivingNames(): Generator<Disk> {
    const changes = this.#changes
    if (this.ordering === 'journal') {
      const synced = changes.findLastIndex(({ isSynced }) => isSynced) + 1
      for (let kept = synced; kept <= changes.length; kept++)
        yield this.#replay(changes.slice(0, kept))
      return
    }
    // A change that survives brings along the earlier changes of the names of its file.
    const loose = changes.filter(({ isSynced }) => !isSynced)
    for (const last of [undefined, ...loose]) {
      for (const others of [true, false]) {
        yield this.#replay(changes.filter((change, at) => this.#isKept(change, at, last, others)))
      }
    }
  }

  /** `disk` with the data that `loss` left. */
  withData(disk: Disk, loss: DataLoss): Disk {
    const data = new Map(
      [...this.#inodes].map(([number, inode]) => {
        const past = inode.past[disk.emptied.get(number) ?? 0]
        return [number, past ?? loss(inode)]
      }),
    )
    return { ...disk, data, emptied: new Map() }
  }

  #isKept(change: Change, at: number, last: Change | undefined, others: boolean): boolean {
    const isName = change.directories.length > 0
    const isNeeded = (later: Change): boolean =>
      later.inode === change.inode && isName && later.directories.length > 0
    const kept = this.#changes.filter((other) => other.isSynced || other === last)
    if (kept.some((other) => other === change)) return true
    if (kept.some((other) => isNeeded(other) && this.#changes.indexOf(other) > at)) return true
    return others && change.inode !== last?.inode
  }

  #replay(changes: readonly Change[]): Disk {
    const disk = copyOf(this.#before)
    for (const { apply } of changes) apply(disk)
    return disk
  }

  async #empty(inode: number): Promise<void> {
    await this.#change()
    const content = this.#inodes.get(inode)!
    content.past.push(content.data)
    content.data = content.syncedData = Buffer.alloc(0)
    const times = content.past.length
    this.#log(inode, [], ({ emptied }) => emptied.set(inode, times))
  }

  #make(path: string, mode: number): number {
    const isDirectory = (mode & 0o040000) !== 0
    if (!this.#disk.names.has(parent(path))) throw failure('ENOENT')
    const inode = this.#nextInode++
    const none = Buffer.alloc(0)
    if (!isDirectory) this.#inodes.set(inode, { data: none, syncedData: none, past: [] })
    this.#log(inode, [parent(path)], ({ names, modes }) => {
      if (!names.has(parent(path))) return // The directory itself was lost.
      names.set(path, inode)
      modes.set(inode, mode)
    })
    return inode
  }

  #log(inode: number, directories: readonly string[], apply: Change['apply']): void {
    apply(this.#disk)
    this.#changes.push({ inode, directories, apply, isSynced: false })
  }

  #inodeOf(path: string): number {
    const inode = this.#disk.names.get(path)
    if (inode === undefined) throw failure('ENOENT')
    return inode
  }

  #inode(file: number): Inode {
    return this.#inodes.get(this.#files.get(file)!.inode)!
  }

  #status(inode: number): FileSystemStatus {
    return {
      inode,
      mode: this.#disk.modes.get(inode)!,
      modifiedMs: STAMP_MS,
      changedMs: STAMP_MS,
      sizeBytes: this.#inodes.get(inode)?.data.length ?? 0,
      links: 1,
      userId: 0,
    }
  }

  // Waits for ever once the machine is dead.
  async #change(): Promise<void> {
    if (this.#changesLeft-- > 0) return
    this.#crash()
    await new Promise(() => undefined)
  }
}

function padded(synced: Buffer, length: number): Buffer {
  return synced.length >= length
    ? synced
    : Buffer.concat([synced, Buffer.alloc(length - synced.length)])
}

function unlessSynced(data: Buffer, synced: Buffer, length: number): Buffer {
  return data.equals(synced) ? data : data.subarray(0, Math.max(synced.length, length))
}

function copyOf({ names, modes, data, emptied }: Disk): Disk {
  return {
    names: new Map(names),
    modes: new Map(modes),
    data: new Map(data),
    emptied: new Map(emptied),
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}
