import type { Activation } from './activation.ts'
import { Entry, type PeerDestination } from './entry.ts'
import type { PreemptiveOrder } from './preemptive-order.ts'
import type { SizeClass } from './size-class.ts'

// With so many peers a job looks them up in a map; fewer are faster to go through.
const MANY_PEERS = 8

/** The place of a job in a stack of preempting jobs. */
export class StackPlace<M, R> {
  /** How deep it is; 0 when it preempts nobody. */
  level = 0
  /** While it preempts: its selections, less those that it was expected to need. */
  used = 0
  /** Whom it preempted; `parent` changes when that one leaves the stack. */
  preempted: Job<M, R> | undefined
  parent: Job<M, R> | undefined
  /** Who preempts it. */
  readonly children: Set<Job<M, R>> = new Set()
}

/** Everything that one message has to deliver over one transport (S-46). */
export class Job<M, R> {
  readonly activation: Activation<M, R>
  readonly order: PreemptiveOrder<M, R>
  /** The next job of the same message. */
  readonly sibling: Job<M, R> | undefined
  /** Entries that wait. */
  waiting = 0
  /** Entries made so far, of recipients that were read. */
  read = 0
  /** Entries that went to a delivery, or were dropped because their destination died. */
  selected = 0
  /** Delivery slots times their cost that the job has earned; preempting jobs take from them. */
  available = 0
  /** What it has to do with preemption; made when it has, as hardly any job does. */
  stack: StackPlace<M, R> | undefined
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
  /** The serial of its first peer. */
  #since = 0
  /** The peers by destination, once they are many and had to be looked for. */
  #peers: Map<PeerDestination<M, R>, Entry<M, R>> | undefined
  #firstPeer: Entry<M, R> | undefined

  constructor(activation: Activation<M, R>, order: PreemptiveOrder<M, R>) {
    this.activation = activation
    this.order = order
    this.sibling = activation.firstJob
  }

  /** The most entries that it can come to: each unread recipient may be one. */
  get most(): number {
    return this.read + this.activation.unread
  }

  get needed(): number {
    return this.most - this.selected
  }

  /**
   * Adds a recipient: to the youngest entry for the destination, or to a new one (S-28). `serial`
   * grows with each recipient of the transport.
   */
  add(destination: PeerDestination<M, R>, recipient: R, limit: number, serial: number): void {
    this.recipients += 1
    if (this.read === 0) this.#since = serial
    const peer = this.#peerFor(destination)
    if (peer !== undefined && (limit === 0 || peer.last.count < limit)) {
      peer.last.push(recipient)
      return
    }
    const entry = new Entry(this, destination, recipient, serial)
    if (peer === undefined) this.#addPeer(entry)
    else peer.last = peer.last.younger = entry
    this.waiting += 1
    this.read += 1
    destination.todo.length += 1
  }

  /** The next peer whose destination has room; they take turns (S-48). */
  nextPeer(): Entry<M, R> | undefined {
    const first = this.#firstPeer
    if (first === undefined) return undefined
    let peer = first
    while (!peer.to.hasRoom) {
      peer = peer.after
      if (peer === first) return undefined
    }
    return peer
  }

  /** Takes the oldest entry out of a peer, which goes to the end of the round. */
  take(entry: Entry<M, R>): void {
    const { to, younger } = entry
    this.#firstPeer = entry.after
    this.waiting -= 1
    this.selected += 1
    to.todo.length -= 1
    if (younger === undefined) {
      this.#removePeer(entry)
      return
    }
    if (this.#firstPeer === entry) this.#firstPeer = younger
    this.#peers?.set(to, younger)
    entry.giveWayTo(younger)
  }

  /** Takes everything out of a peer: its destination died. */
  drop(peer: Entry<M, R>): Entry<M, R>[] {
    const entries: Entry<M, R>[] = []
    for (let one: Entry<M, R> | undefined = peer; one !== undefined; one = one.younger) {
      entries.push(one)
    }
    this.waiting -= entries.length
    this.selected += entries.length
    peer.to.todo.length -= entries.length
    this.#removePeer(peer)
    return entries
  }

  /** Marks the destinations that it waits for (S-47). */
  tagDestinations(): void {
    let peer = this.#firstPeer
    for (let left = this.#peerCount; peer !== undefined && left > 0; left--) {
      peer.to.todo.tagged = true
      peer = peer.after
    }
  }

  #peerFor(destination: PeerDestination<M, R>): Entry<M, R> | undefined {
    const { youngest } = destination.todo
    // Nearly always it is the youngest, or there is none that came after the first of this job.
    if (youngest === undefined || youngest.serial < this.#since) return undefined
    if (youngest.job === this) return youngest
    if (this.#peerCount > MANY_PEERS) this.#peers ??= this.#mapPeers()
    if (this.#peers !== undefined) return this.#peers.get(destination)
    let peer = this.#firstPeer
    for (let left = this.#peerCount; peer !== undefined && left > 0; left--) {
      if (peer.to === destination) return peer
      peer = peer.after
    }
    return undefined
  }

  #addPeer(peer: Entry<M, R>): void {
    const first = this.#firstPeer ?? peer
    peer.after = first
    peer.before = first.before
    peer.before.after = peer
    first.before = peer
    this.#firstPeer = first
    this.#peerCount += 1
    peer.to.todo.add(peer)
    this.#peers?.set(peer.to, peer)
  }

  #mapPeers(): Map<PeerDestination<M, R>, Entry<M, R>> {
    const peers = new Map<PeerDestination<M, R>, Entry<M, R>>()
    let peer = this.#firstPeer
    for (let left = this.#peerCount; peer !== undefined && left > 0; left--) {
      peers.set(peer.to, peer)
      peer = peer.after
    }
    return peers
  }

  #removePeer(peer: Entry<M, R>): void {
    if (this.#firstPeer === peer) this.#firstPeer = peer.after === peer ? undefined : peer.after
    this.#peerCount -= 1
    this.#peers?.delete(peer.to)
    peer.leave()
  }
}
