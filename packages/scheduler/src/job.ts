import type { Activation } from './activation.ts'
import type { Destination } from './destination.ts'
import type { Todo } from './order.ts'
import type { PreemptiveOrder } from './preemptive-order.ts'
import type { SizeClass } from './size-class.ts'

/** A batch of recipients of one message for one destination: what one delivery takes. */
export interface Entry<M, R> {
  readonly job: Job<M, R>
  readonly recipients: R[]
  /** The next one of the same peer. */
  younger: Entry<M, R> | undefined
}

// With so many peers a job looks them up in a map; fewer are faster to go through.
const MANY_PEERS = 8

/** The part of a job that goes to one destination, while some of it waits. */
export class Peer<M, R> {
  readonly job: Job<M, R>
  readonly destination: PeerDestination<M, R>
  /** The oldest entry; undefined when none waits any more. */
  first: Entry<M, R> | undefined
  /** The youngest entry; more recipients may join it. */
  last: Entry<M, R>
  /** The peers of a job are a ring. */
  before: Peer<M, R> = this
  after: Peer<M, R> = this
  /** Those of a destination are a list. */
  older: Peer<M, R> | undefined
  younger: Peer<M, R> | undefined

  constructor(destination: PeerDestination<M, R>, entry: Entry<M, R>) {
    this.job = entry.job
    this.destination = destination
    this.first = this.last = entry
  }
}

/** What waits for one destination: the peers of all jobs that have something for it. */
export class PeerQueue<M, R> implements Todo {
  length = 0
  oldest: Peer<M, R> | undefined
  youngest: Peer<M, R> | undefined
  /** A job is blocked because this destination has no room (S-50). */
  tagged = false
  /** The order counts the destination among those that are ready. */
  isReady = false

  add(peer: Peer<M, R>): void {
    peer.older = this.youngest
    if (this.youngest === undefined) this.oldest = peer
    else this.youngest.younger = peer
    this.youngest = peer
  }

  remove({ older, younger }: Peer<M, R>): void {
    if (older === undefined) this.oldest = younger
    else older.younger = younger
    if (younger === undefined) this.youngest = older
    else younger.older = older
  }
}

export type PeerDestination<M, R> = Destination<Entry<M, R>, PeerQueue<M, R>>

/** Everything that one message has to deliver over one transport (S-46). */
export class Job<M, R> {
  readonly activation: Activation<M, R>
  readonly order: PreemptiveOrder<M, R>
  /** Entries that wait. */
  waiting = 0
  /** Entries made so far, of recipients that were read. */
  read = 0
  /** Entries that went to a delivery, or were dropped because their destination died. */
  selected = 0
  /** Delivery slots times their cost that the job has earned; preempting jobs take from them. */
  available = 0
  /** While it preempts: its selections, less those that it was expected to need. */
  used = 0
  /** Whom it preempted; `parent` changes when that one leaves the stack. */
  preempted: Job<M, R> | undefined
  parent: Job<M, R> | undefined
  /** Who preempts it; made when somebody does, as hardly any job is preempted. */
  children: Set<Job<M, R>> | undefined
  /** How deep in a stack of preempting jobs; 0 when it preempts nobody. */
  level = 0
  listed = false
  /** When it came into the list, among those activated in the same second. */
  turn = 0
  /** Preemption moved it out of its place by age. */
  moved = false
  before: Job<M, R> | undefined
  after: Job<M, R> | undefined
  /** After which release it was blocked; see `JobList`. */
  blockedIn = -1
  /** The entry of the transport for which it was last read: one batch for each. */
  readFor = -1
  /** `Candidates` has it on its list of changes. */
  isChanged = false
  /** Where it is among the untouched jobs of its size; see `Candidates`. */
  sizeClass: SizeClass<M, R> | undefined
  olderOfSize: Job<M, R> | undefined
  youngerOfSize: Job<M, R> | undefined
  /** Recipient slots lent to it (S-60), and recipients that it has in memory. */
  slots = 0
  recipients = 0
  /** It is among those whose messages are not fully read; see `RecipientPool`. */
  awaitsSlots = false
  #peerCount = 0
  /** The peers by destination, once they are many. */
  #peers: Map<PeerDestination<M, R>, Peer<M, R>> | undefined
  #firstPeer: Peer<M, R> | undefined

  constructor(activation: Activation<M, R>, order: PreemptiveOrder<M, R>) {
    this.activation = activation
    this.order = order
  }

  /** The most entries that it can come to: each unread recipient may be one. */
  get most(): number {
    return this.read + this.activation.unread
  }

  get needed(): number {
    return this.most - this.selected
  }

  /** Adds a recipient: to the youngest entry for the destination, or to a new one (S-28). */
  add(destination: PeerDestination<M, R>, recipient: R, limit: number): void {
    this.recipients += 1
    const peer = this.#peerFor(destination)
    if (peer !== undefined && (limit === 0 || peer.last.recipients.length < limit)) {
      peer.last.recipients.push(recipient)
      return
    }
    const entry = { job: this, recipients: [recipient], younger: undefined }
    if (peer === undefined) this.#addPeer(new Peer(destination, entry))
    else peer.last = peer.last.younger = entry
    this.waiting += 1
    this.read += 1
    destination.todo.length += 1
  }

  /** The next peer whose destination has room; they take turns (S-48). */
  nextPeer(): Peer<M, R> | undefined {
    const first = this.#firstPeer
    if (first === undefined) return undefined
    let peer = first
    while (!peer.destination.hasRoom) {
      peer = peer.after
      if (peer === first) return undefined
    }
    return peer
  }

  /** Takes the oldest entry out of a peer, which goes to the end of the round. */
  take(peer: Peer<M, R>): Entry<M, R> {
    const entry = peer.first! // A peer without an entry is removed.
    peer.first = entry.younger
    this.#firstPeer = peer.after
    this.waiting -= 1
    this.selected += 1
    peer.destination.todo.length -= 1
    if (peer.first === undefined) this.#removePeer(peer)
    return entry
  }

  /** Takes everything out of a peer: its destination died. */
  drop(peer: Peer<M, R>): Entry<M, R>[] {
    const entries: Entry<M, R>[] = []
    for (let entry = peer.first; entry !== undefined; entry = entry.younger) entries.push(entry)
    this.waiting -= entries.length
    this.selected += entries.length
    peer.destination.todo.length -= entries.length
    this.#removePeer(peer)
    return entries
  }

  /** Marks the destinations that it waits for (S-47). */
  tagDestinations(): void {
    let peer = this.#firstPeer
    for (let left = this.#peerCount; peer !== undefined && left > 0; left--) {
      peer.destination.todo.tagged = true
      peer = peer.after
    }
  }

  #peerFor(destination: PeerDestination<M, R>): Peer<M, R> | undefined {
    if (this.#peers !== undefined) return this.#peers.get(destination)
    let peer = this.#firstPeer
    for (let left = this.#peerCount; peer !== undefined && left > 0; left--) {
      if (peer.destination === destination) return peer
      peer = peer.after
    }
    return undefined
  }

  #addPeer(peer: Peer<M, R>): void {
    const first = this.#firstPeer ?? peer
    peer.after = first
    peer.before = first.before
    peer.before.after = peer
    first.before = peer
    this.#firstPeer = first
    this.#peerCount += 1
    peer.destination.todo.add(peer)
    if (this.#peers !== undefined) this.#peers.set(peer.destination, peer)
    else if (this.#peerCount > MANY_PEERS) this.#mapPeers(first)
  }

  #mapPeers(first: Peer<M, R>): void {
    this.#peers = new Map([[first.destination, first]])
    for (let peer = first.after; peer !== first; peer = peer.after) {
      this.#peers.set(peer.destination, peer)
    }
  }

  #removePeer(peer: Peer<M, R>): void {
    peer.before.after = peer.after
    peer.after.before = peer.before
    if (this.#firstPeer === peer) this.#firstPeer = peer.after === peer ? undefined : peer.after
    this.#peerCount -= 1
    this.#peers?.delete(peer.destination)
    peer.destination.todo.remove(peer)
  }
}
