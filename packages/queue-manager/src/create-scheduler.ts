import type { Logger } from '@posthouse/mail-log'
import {
  type Crowd,
  PreemptiveScheduler,
  RoundRobinScheduler,
  type Scheduler,
  type SchedulerOptions,
} from '@posthouse/scheduler'

import type { ActiveMessage, Target } from './active-message.ts'
import { ClogWarnings } from './clog-warnings.ts'
import type { QueueManagerOptions, TransportSettings } from './options.ts'
import type { QueueManagerPorts } from './ports.ts'
import { windowLines } from './window-log.ts'

export type Scheduling = Scheduler<ActiveMessage, Target>

/** What a scheduler has to ask. */
interface Questions {
  settingsOf(transport: string): TransportSettings
  /** How many messages are in memory. */
  messages(): number
}

/** The scheduler that master.cf asks for. */
export function createScheduler(
  options: QueueManagerOptions,
  ports: Pick<QueueManagerPorts, 'log' | 'clock'>,
  questions: Questions,
): Scheduling {
  const { messageRecipientLimit, messageRecipientMinimum, fudgeFactor } = options
  const common = {
    destinationRetryMs: options.minimalBackoffMs,
    transportRetryMs: options.transportRetryMs,
    maxDestinations: 2 * messageRecipientLimit,
    messageRecipientLimit,
    observe: options.feedbackDebug ? windowLog(ports.log) : undefined,
    crowd: options.helpfulWarnings ? crowdWatch(options, ports, questions) : undefined,
  }
  const settingsOf = (transport: string): TransportSettings => questions.settingsOf(transport)
  return options.scheduling === 'oqmgr'
    ? new RoundRobinScheduler({ ...common, fudgeFactor }, settingsOf)
    : new PreemptiveScheduler({ ...common, messageRecipientMinimum }, settingsOf)
}

function windowLog(log: Logger): SchedulerOptions['observe'] {
  return (change) => {
    for (const line of windowLines(change)) log.info(line)
  }
}

function crowdWatch(
  options: QueueManagerOptions,
  { log, clock }: Pick<QueueManagerPorts, 'log' | 'clock'>,
  { settingsOf, messages }: Questions,
): SchedulerOptions['crowd'] {
  if (options.clogWarnMs === 0) return undefined
  const warnings = new ClogWarnings(options, log)
  const observe = (crowd: Crowd): void => {
    const { transport, destination } = crowd
    // A mailbox has the window, but it is its host that has the mail.
    const isMailbox = settingsOf(transport).destinationRecipientLimit === 1
    const nexthop = isMailbox ? destination.slice(destination.lastIndexOf('@') + 1) : destination
    warnings.observe(crowd, nexthop, messages(), clock.now())
  }
  return { entries: Math.floor(options.messageActiveLimit / 5), observe }
}
