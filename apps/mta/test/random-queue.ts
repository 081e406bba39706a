import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { decodeInode, encodeLongId, encodeShortId, hashKey } from '@posthouse/queue-store'

const QUEUES = ['maildrop', 'incoming', 'active', 'deferred', 'hold'] as const
const LOGS = ['bounce', 'defer', 'trace'] as const
const OTHERS = ['corrupt', 'saved', 'flush', 'pid']
const MODES = [0o700, 0o700, 0o700, 0o710, 0o600, 0o500, 0o744]
const DAY_S = 86_400
const WRONG_INODE = 0xabc

/** A queue of chance: files of every kind in places of every kind, for postsuper to repair. */
export class RandomQueue {
  readonly directory: string
  /** Names of message files, as made. */
  readonly ids: string[] = []
  readonly #random: () => number
  readonly #owner: { readonly userId: number; readonly groupId: number }
  readonly #labels = new Map<bigint, string>()
  readonly #startS = Math.floor(Date.now() / 1000)
  readonly #misplaces: boolean
  #next = 1

  /**
   * @param seed Of the same seed come the same files, but for their inode numbers.
   * @param misplaces Whether files are in wrong directories: without `-s`, those end the work.
   */
  constructor(directory: string, seed: number, misplaces: boolean, owner: RandomQueue['owner']) {
    this.directory = directory
    this.#random = generator(seed)
    this.#owner = owner
    this.#misplaces = misplaces
    mkdirSync(directory, { mode: 0o755 })
    for (const name of [...QUEUES, ...LOGS, ...OTHERS]) this.#directory(name)
    for (let count = 0; count < 30; count++) this.#addMessage()
    this.#addOddities()
  }

  get owner(): { readonly userId: number; readonly groupId: number } {
    return this.#owner
  }

  /** All that is there, inode numbers replaced by the name of the file they belong to. */
  listing(): string[] {
    const found = readdirSync(this.directory, { recursive: true, encoding: 'utf8' })
    return found.map((path) => this.#listed(path)).sort()
  }

  /** Lines of messages, their names replaced in the same way. */
  normalized(text: string): string[] {
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.map((line) => line.replace(/[\w#.-]{4,}/g, (name) => this.#named(name))).sort()
  }

  #listed(path: string): string {
    const status = lstatSync(join(this.directory, path))
    const mode = (status.mode & 0o7777).toString(8)
    const days = Math.round((this.#startS - status.mtimeMs / 1000) / DAY_S)
    const time = status.isFile() ? ` ${days} days` : ''
    const parts = path.split('/')
    const label = status.isFile() ? (this.#labels.get(BigInt(status.ino)) ?? '') : ''
    return `${mode} ${parts.map((part) => this.#named(part)).join('/')} ${label}${time}`
  }

  #named(name: string): string {
    const bare = name.replace(/#FIX$/, '')
    const label = this.#labels.get(decodeInode(bare) ?? -1n)
    if (label === undefined) return name
    const separator = bare.lastIndexOf('z')
    const prefix = bare.slice(0, separator >= 10 ? separator + 1 : 5)
    return name.replace(bare, `${prefix}<${label}>`)
  }

  #addMessage(): void {
    const queue = this.#pick(QUEUES)
    const label = `m${this.#next}`
    const microseconds = (this.#next++ * 31_337) % 1_000_000
    const mode = this.#pick(MODES)
    const path = this.#file(`${queue}/new`, label, mode, this.#chance(0.3) ? 9 : 1)
    const { ino } = lstatSync(path)
    this.#labels.set(BigInt(ino), label)
    const inode = this.#chance(0.5) ? ino : WRONG_INODE + this.#next
    const isLong = this.#chance(0.4)
    const id = isLong
      ? encodeLongId(1_795_000_000, microseconds, inode)
      : encodeShortId(microseconds, inode)
    const place = join(queue, this.#place(queue, id))
    // One that cannot be finished stays where it is, and in the way of its directory.
    const suffix = inode === ino && this.#chance(0.2) ? '#FIX' : ''
    this.#directories(place)
    renameSync(path, join(this.directory, place, id + suffix))
    this.ids.push(id)
    for (const log of LOGS) {
      if (!this.#chance(0.2)) continue
      const parent = join(log, this.#chance(0.7) && log === 'defer' ? hashKey(id)[0]! : '')
      this.#directories(parent)
      this.#file(join(parent, id), `${label}-${log}`, 0o600, 1)
    }
  }

  #place(queue: string, id: string): string {
    if (queue === 'maildrop') return ''
    const key = hashKey(id)
    if (!this.#misplaces) return queue === 'deferred' ? key[0]! : ''
    const places = ['', '', key[0]!, key[0]!, `${key[0]}/${key[1]}`, 'Q/R/S']
    return this.#pick(places)
  }

  #addOddities(): void {
    for (const [at, queue] of QUEUES.entries()) {
      // Names of their own, as Postfix would rename one over another. None has five characters or
      // fewer: of those Postfix before 3.12 takes what a longer name has left in memory (F-6).
      const oddities = [`ABCD${at}FGHIJK`, 'bad-name.x', `${this.#next}.99`, 'AB#FIX', 'x.y#FIX']
      for (const name of oddities) {
        if (this.#chance(0.3)) this.#file(`${queue}/${name}`, name, this.#pick(MODES), 9)
      }
      if (this.#chance(0.3)) symlinkSync('nowhere', join(this.directory, queue, 'AAAAA1234'))
      if (this.#chance(0.3)) this.#directory(`${queue}/somedir`)
      if (this.#chance(0.2)) {
        this.#directories(`${queue}/fulldir`)
        this.#file(`${queue}/fulldir/inside`, 'inside', 0o600, 9)
      }
    }
    this.#file('flush/example_org', 'flush', 0o600, 9)
  }

  #file(path: string, content: string, mode: number, days: number): string {
    const full = join(this.directory, path)
    writeFileSync(full, content)
    chmodSync(full, mode)
    utimesSync(full, this.#startS, this.#startS - days * DAY_S)
    chownSync(full, this.#owner.userId, this.#owner.groupId)
    return full
  }

  #directories(path: string): void {
    if (path.includes('/')) this.#directories(dirname(path))
    this.#directory(path)
  }

  #directory(path: string): void {
    const full = join(this.directory, path)
    mkdirSync(full, { recursive: true, mode: 0o700 })
    chownSync(full, this.#owner.userId, this.#owner.groupId)
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!
  }
}

function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}
