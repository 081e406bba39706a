import type { Activation } from './activation.ts'
import { Entry } from './entry.ts'
import { Peer } from './peer.ts'
import type { PeerDestination, PeerEntry } from './peer-destination.ts'
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
  /** Who preempts it; hardly anybody is preempted. */
  children: Set<Job<M, R>> | undefined

  /** Whether anybody preempts it. */
  get isPreempted(): boolean {
    return this.children !== undefined && this.children.size > 0
  }

  adopt(child: Job<M, R>): void {
    this.children ??= new Set()
    this.children.add(child)
  }
}

/**
 * Everything that one message has to deliver over one transport (S-46). One that is over is used
 * again: see `Spares`.
 */
export class Job<M, R> {
  readonly order: PreemptiveOrder<M, R>
  /** The next job of the same message. */
  sibling: Job<M, R> | undefined
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
  #activation: Activation<M, R> | undefined
  /** Recipients of one entry at most; 0 = no limit. */
  #limit = 0
  #peerCount = 0
  /** How many recipients the transport had been given when its first peer came. */
  #since = 0
  /** The peers by destination, once they are many and had to be looked for. */
  #peers: Map<PeerDestination<M, R>, Peer<M, R>> | undefined
  #firstPeer: Peer<M, R> | undefined

  constructor(order: PreemptiveOrder<M, R>) {
    this.order = order
  }

  begin(activation: Activation<M, R>): void {
    this.#activation = activation
    this.#limit = activation.isSplit ? 1 : this.order.destinationRecipientLimit
    this.sibling = activation.firstJob
  }

  /** Its message is over; a spare one keeps nothing else in memory. */
  end(): void {
    this.#activation = this.sibling = this.#peers = undefined
    this.read = this.selected = this.available = 0
    this.readFor = -1
  }

  get activation(): Activation<M, R> {
    return this.#activation! // Only a spare one has none.
  }

  /** The most entries that it can come to: each unread recipient may be one. */
  get most(): number {
    return this.read + this.activation.unread
  }

  get needed(): number {
    return this.most - this.selected
  }

  /**
   * Adds a recipient: to the youngest entry for the destination, or to a new one (S-28); says
   * whether it is new. `added` grows with each recipient of the transport.
   */
  add(destination: PeerDestination<M, R>, recipient: R, added: number): boolean {
    this.recipients += 1
    if (this.read === 0) this.#since = added
    const peer = this.#peerFor(destination)
    const isNew = peer === undefined || hasFullEntries(peer, this.#limit)
    if (peer === undefined) this.#addPeer(destination, recipient, added)
    else peer.push(recipient)
    if (!isNew) return false
    this.waiting += 1
    this.read += 1
    destination.waiting += 1
    return true
  }

  /** The next peer whose destination has room; they take turns (S-48). */
  nextPeer(): Peer<M, R> | undefined {
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
  take(peer: Peer<M, R>): PeerEntry<M, R> {
    const { to } = peer
    this.#firstPeer = peer.after
    this.waiting -= 1
    this.selected += 1
    to.waiting -= 1
    const entry = new Entry(this.activation, to, peer.take(this.#limit))
    if (peer.count === 0) this.#removePeer(peer)
    return entry
  }

  /** Takes everything out of a peer: its destination died. */
  drop(peer: Peer<M, R>): PeerEntry<M, R>[] {
    const { to } = peer
    const entries: PeerEntry<M, R>[] = []
    while (peer.count > 0) {
      entries.push(new Entry(this.activation, to, peer.take(this.#limit)))
    }
    this.waiting -= entries.length
    this.selected += entries.length
    to.waiting -= entries.length
    this.#removePeer(peer)
    return entries
  }

  /** Marks the destinations that it waits for (S-47). */
  tagDestinations(): void {
    let peer = this.#firstPeer
    for (let left = this.#peerCount; peer !== undefined && left > 0; left--) {
      peer.to.tagged = true
      peer = peer.after
    }
  }

  #peerFor(destination: PeerDestination<M, R>): Peer<M, R> | undefined {
    const { lastAdded, youngest } = destination
    // Nearly always it is the youngest, or there is none that came after the first of this job.
    if (youngest === undefined || lastAdded < this.#since) return undefined
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

  #addPeer(to: PeerDestination<M, R>, recipient: R, added: number): void {
    const peer = this.order.sparePeers.take() ?? new Peer()
    peer.begin(this, to, recipient)
    const first = this.#firstPeer ?? peer
    peer.after = first
    peer.before = first.before
    peer.before.after = peer
    first.before = peer
    this.#firstPeer = first
    this.#peerCount += 1
    to.push(peer, added)
    this.#peers?.set(to, peer)
  }

  #mapPeers(): Map<PeerDestination<M, R>, Peer<M, R>> {
    const peers = new Map<PeerDestination<M, R>, Peer<M, R>>()
    let peer = this.#firstPeer
    for (let left = this.#peerCount; peer !== undefined && left > 0; left--) {
      peers.set(peer.to, peer)
      peer = peer.after
    }
    return peers
  }

  #removePeer(peer: Peer<M, R>): void {
    if (this.#firstPeer === peer) this.#firstPeer = peer.after === peer ? undefined : peer.after
    this.#peerCount -= 1
    this.#peers?.delete(peer.to)
    peer.before.after = peer.after
    peer.after.before = peer.before
    peer.to.remove(peer)
    peer.end()
    this.order.sparePeers.give(peer)
  }
}

/** Whether the youngest entry has no room. */
function hasFullEntries<M, R>({ count }: Peer<M, R>, limit: number): boolean {
  return limit > 0 && count % limit === 0
}
