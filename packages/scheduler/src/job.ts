import type { Activation } from './activation.ts'
import type { Destination } from './destination.ts'
import { Fifo } from './fifo.ts'
import type { Todo } from './order.ts'
import type { PreemptiveOrder } from './preemptive-order.ts'

/** A batch of recipients of one message for one destination: what one delivery takes. */
export interface Entry<M, R> {
  readonly job: Job<M, R>
  readonly recipients: R[]
}

/** The part of a job that goes to one destination, while some of it waits. */
export class Peer<M, R> {
  readonly job: Job<M, R>
  readonly destination: PeerDestination<M, R>
  readonly entries: Fifo<Entry<M, R>> = new Fifo()
  /** The youngest entry; more recipients may join it. */
  last: Entry<M, R>
  /** The peers of a job are a ring. */
  before: Peer<M, R> = this
  after: Peer<M, R> = this

  constructor(destination: PeerDestination<M, R>, last: Entry<M, R>) {
    this.job = last.job
    this.destination = destination
    this.last = last
  }
}

/** What waits for one destination: the peers of all jobs that have something for it. */
export class PeerQueue<M, R> implements Todo {
  length = 0
  readonly peers: Set<Peer<M, R>> = new Set()
  /** A job is blocked because this destination has no room (S-50). */
  tagged = false
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
  readonly children: Set<Job<M, R>> = new Set()
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
  /** Recipient slots lent to it (S-60), and recipients that it has in memory. */
  slots = 0
  recipients = 0
  /** It is among those whose messages are not fully read; see `RecipientPool`. */
  awaitsSlots = false
  readonly #peers = new Map<PeerDestination<M, R>, Peer<M, R>>()
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
    let peer = this.#peers.get(destination)
    if (peer !== undefined && (limit === 0 || peer.last.recipients.length < limit)) {
      peer.last.recipients.push(recipient)
      return
    }
    const entry = { job: this, recipients: [recipient] }
    peer ??= this.#addPeer(destination, entry)
    peer.last = entry
    peer.entries.push(entry)
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
    const entry = peer.entries.shift()
    this.#firstPeer = peer.after
    this.waiting -= 1
    this.selected += 1
    peer.destination.todo.length -= 1
    if (peer.entries.length === 0) this.#removePeer(peer)
    return entry
  }

  /** Takes everything out of a peer: its destination died. */
  drop(peer: Peer<M, R>): Entry<M, R>[] {
    const entries = peer.entries.clear()
    this.waiting -= entries.length
    this.selected += entries.length
    peer.destination.todo.length -= entries.length
    this.#removePeer(peer)
    return entries
  }

  /** Marks the destinations that it waits for (S-47). */
  tagDestinations(): void {
    for (const destination of this.#peers.keys()) destination.todo.tagged = true
  }

  #addPeer(destination: PeerDestination<M, R>, last: Entry<M, R>): Peer<M, R> {
    const peer = new Peer(destination, last)
    const first = this.#firstPeer ?? peer
    peer.after = first
    peer.before = first.before
    peer.before.after = peer
    first.before = peer
    this.#firstPeer = first
    this.#peers.set(destination, peer)
    destination.todo.peers.add(peer)
    return peer
  }

  #removePeer(peer: Peer<M, R>): void {
    peer.before.after = peer.after
    peer.after.before = peer.before
    if (this.#firstPeer === peer) this.#firstPeer = peer.after === peer ? undefined : peer.after
    this.#peers.delete(peer.destination)
    peer.destination.todo.peers.delete(peer)
  }
}
