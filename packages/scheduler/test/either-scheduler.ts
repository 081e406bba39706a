import {
  type Activation,
  type DeliveryResult,
  type PreemptiveLimits,
  type PreemptiveOptions,
  PreemptiveScheduler,
  type RoundRobinOptions,
  RoundRobinScheduler,
  type Scheduler,
} from '../src/index.ts'

/** One recipient, and where it goes. */
export interface Letter {
  readonly message: number
  readonly transport: string
  readonly destination: string
}

export interface Begun {
  readonly transport: string
  readonly destination: string
  readonly letters: readonly Letter[]
  /** Returns all that has to be deferred because something died. */
  finish(result: DeliveryResult, nowMs: number): Letter[]
}

/** What both schedulers can do, for simulations of either. */
export interface EitherScheduler {
  /** Takes a message in; its letters may go in later, while `next` runs. */
  submit(letters: readonly Letter[], nowMs: number): void
  next(nowMs: number): Begun | undefined
  readonly state: { readonly size: number; readonly busy: number; readonly destinations: number }
  recipients(): number
  /** Whether it says how much to read. */
  readonly isBounded: boolean
  nextWakeMs(): number | undefined
  reviveAll(): void
}

type Options = PreemptiveOptions & RoundRobinOptions

/** Told of each letter that goes in. */
interface Witness {
  taken(letter: Letter): void
  refused(letter: Letter): void
}

export function roundRobin(
  options: Options,
  limits: PreemptiveLimits,
  witness: Witness,
): EitherScheduler {
  const scheduler = new RoundRobinScheduler<Letter[], Letter>(options, () => limits)
  return simulated(scheduler, witness, false)
}

export function preemptive(
  options: Options,
  limits: PreemptiveLimits,
  witness: Witness,
): EitherScheduler {
  const scheduler = new PreemptiveScheduler<Letter[], Letter>(options, () => limits)
  return simulated(scheduler, witness, true)
}

function simulated(
  scheduler: Scheduler<Letter[], Letter>,
  witness: Witness,
  isBounded: boolean,
): EitherScheduler {
  const add = (activation: Activation<Letter[], Letter>, letters: Letter[], nowMs: number) => {
    for (const letter of letters) {
      if (scheduler.add(activation, letter, letter, nowMs) === undefined) witness.taken(letter)
      else witness.refused(letter)
    }
  }
  return {
    submit(letters, nowMs) {
      scheduler.open([...letters], letters.length, nowMs)
    },
    next(nowMs) {
      for (;;) {
        const one = scheduler.next(nowMs)
        if (one === undefined) return undefined
        if (one.kind === 'read') {
          const unread = one.activation.message
          add(one.activation, unread.splice(0, one.limit), nowMs)
          scheduler.loaded(one.activation, unread.length, nowMs)
          continue
        }
        const { transport, destination, recipients } = one
        const finish = (result: DeliveryResult, atMs: number) =>
          (scheduler.finish(one, result, atMs)?.entries ?? []).flatMap((entry) => entry.recipients)
        return { transport, destination, letters: recipients, finish }
      }
    },
    state: scheduler,
    recipients: () => scheduler.recipients,
    isBounded,
    nextWakeMs: () => scheduler.nextWakeMs(),
    reviveAll: () => scheduler.reviveAll(),
  }
}
