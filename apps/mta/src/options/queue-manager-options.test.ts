import { parseMainCf, parseMasterCf, resolveConfig } from '@posthouse/config'
import { memoryLogger } from '@posthouse/mail-log'
import {
  defaultOptions,
  defaultTransportSettings,
  type QueueManagerOptions,
  type TransportSettings,
} from '@posthouse/queue-manager'
import { describe, expect, it } from 'vitest'

import { queueManagerOptions } from './queue-manager-options.ts'

const LEVEL = 'compatibility_level = 3.7'
const MASTER_CF = `qmgr unix n - n 300 1 qmgr
smtp unix - - n - - smtp
slow unix - - n - 7 smtp
local unix - - n - - smtp
soft unix - - n - - smtp
  -o soft_bounce=yes
`

/** What main.cf of these lines makes of the queue manager, and what is logged of it. */
function read(lines: readonly string[], masterCf = MASTER_CF) {
  const configWith = (...more: readonly string[]) =>
    resolveConfig({
      mainCf: parseMainCf([LEVEL, ...lines, ...more, ''].join('\n'), 'main.cf'),
      environment: {
        hostname: 'mx.example.test',
        configDirectory: 'conf',
        processName: 'qmgr',
        processId: 1,
        interfaceAddresses: [],
        readFile: () => new Uint8Array(),
      },
    })
  const masterOptions = { file: 'master.cf', chrootByDefault: false, knownTcpPorts: new Map() }
  const { services } = parseMasterCf(masterCf, masterOptions)
  const { logger, lines: logged } = memoryLogger()
  const options = queueManagerOptions(configWith(), services, logger, (service) =>
    service.name === 'soft' ? configWith('soft_bounce = yes') : configWith(),
  )
  return { options, logged }
}

const SECOND_MS = 1000
const DAY_MS = 86_400_000

describe('main.cf and the queue manager', () => {
  it('nothing in main.cf: the defaults of Postfix', () => {
    const { transport, daemonTimeoutMs: _, ...options } = read([]).options
    const { transport: __, daemonTimeoutMs: ___, ...defaults } = defaultOptions
    const softBounceTransports = new Set(['soft'])
    const hostname = 'mx.example.test'
    expect(options).toEqual({ ...defaults, hostname, softBounceTransports })
    expect(transport('smtp')).toEqual(defaultTransportSettings)
  })

  const parameters: [line: string, expected: Partial<QueueManagerOptions>][] = [
    ['qmgr_message_active_limit = 7', { messageActiveLimit: 7 }],
    ['qmgr_message_recipient_limit = 7', { messageRecipientLimit: 7 }],
    ['qmgr_message_recipient_minimum = 7', { messageRecipientMinimum: 7 }],
    ['qmgr_fudge_factor = 70', { fudgeFactor: 70 }],
    ['address_verify_pending_request_limit = 7', { pendingProbeLimit: 7 }],
    ['helpful_warnings = no', { helpfulWarnings: false }],
    ['qmgr_clog_warn_time = 7', { clogWarnMs: 7 * SECOND_MS }],
    ['destination_concurrency_feedback_debug = yes', { feedbackDebug: true }],
    ['default_process_limit = 7', { inflowTokens: 7 }],
    ['minimal_backoff_time = 7', { minimalBackoffMs: 7 * SECOND_MS }],
    ['maximal_backoff_time = 7', { maximalBackoffMs: 7 * SECOND_MS }],
    ['maximal_queue_lifetime = 7', { maximalQueueLifetimeMs: 7 * DAY_MS }],
    ['bounce_queue_lifetime = 2', { bounceQueueLifetimeMs: 2 * DAY_MS }],
    ['queue_run_delay = 7', { queueRunDelayMs: 7 * SECOND_MS }],
    ['transport_retry_time = 7', { transportRetryMs: 7 * SECOND_MS }],
    ['defer_transports = smtp, slow', { deferTransports: ['smtp', 'slow'] }],
    ['default_filter_nexthop = hop', { defaultFilterNexthop: 'hop' }],
    ['myhostname = h.test', { hostname: 'h.test' }],
    ['recipient_delimiter = +-', { recipientDelimiter: '+-' }],
    ['delay_logging_resolution_limit = 6', { delayLoggingResolutionLimit: 6 }],
    ['info_log_address_format = internal', { infoLogAddressFormat: 'internal' }],
    ['backwards_bounce_logfile_compatibility = no', { bounceLogCompatibility: false }],
    ['confirm_delay_cleared = yes', { confirmDelayCleared: true }],
    ['disable_verp_bounces = yes', { disableVerpBounces: true }],
    ['double_bounce_sender = db', { doubleBounceSender: 'db' }],
    ['smtputf8_enable = no', { smtputf8: false }],
  ]
  it.each(parameters)('qmgr(8): %s', (line, expected) => {
    const { transport: _, ...before } = read([]).options
    const { transport: __, ...after } = read([line]).options
    expect(after).toEqual({ ...before, ...expected })
    expect(after).not.toEqual(before)
  })

  it('S-90: a delivery has daemon_timeout, or a little more', () => {
    const long = read(['daemon_timeout = 100']).options.daemonTimeoutMs
    expect(long - read(['daemon_timeout = 7']).options.daemonTimeoutMs).toBe(93 * SECOND_MS)
    expect(long).toBeGreaterThanOrEqual(100 * SECOND_MS)
  })

  it('S-63: the command of master.cf says how is scheduled', () => {
    const oqmgr = MASTER_CF.replace(/qmgr$/m, 'oqmgr')
    expect(read([], oqmgr).options.scheduling).toBe('oqmgr')
    expect(read([], MASTER_CF.replace(/qmgr$/m, 'nqmgr')).options.scheduling).toBe('qmgr')
  })
})

describe('main.cf and a transport', () => {
  const half = { base: 0.5, dividedByWindow: false }
  const parameters: [suffix: string, value: string, expected: Partial<TransportSettings>][] = [
    ['destination_concurrency_limit', '7', { limit: 7 }],
    ['destination_concurrency_positive_feedback', '1/2', { positive: half }],
    ['destination_concurrency_negative_feedback', '1/2', { negative: half }],
    ['destination_concurrency_failed_cohort_limit', '7', { failedCohortLimit: 7 }],
    ['destination_recipient_limit', '7', { destinationRecipientLimit: 7 }],
    ['destination_rate_delay', '7', { destinationRateDelayMs: 7 * SECOND_MS }],
    ['transport_rate_delay', '7', { transportRateDelayMs: 7 * SECOND_MS }],
    ['delivery_slot_cost', '7', { slotCost: 7 }],
    ['delivery_slot_loan', '7', { slotLoan: 7 }],
    ['delivery_slot_discount', '7', { slotDiscount: 7 }],
    ['minimum_delivery_slots', '7', { minimumSlots: 7 }],
    ['recipient_limit', '7', { recipientLimit: 7 }],
    ['extra_recipient_limit', '7', { extraRecipientLimit: 7 }],
    ['recipient_refill_limit', '7', { recipientRefillLimit: 7 }],
    ['recipient_refill_delay', '7', { recipientRefillDelayMs: 7 * SECOND_MS }],
  ]
  const rows = parameters.map(([suffix, ...row]) => [suffix, `default_${suffix}`, ...row] as const)
  const initial = 'initial_destination_concurrency'
  const all = [...rows, [initial, initial, '7', { initial: 7 }] as const]

  it.each(all)('qmgr(8): %s, for all transports and for one', (suffix, name, value, expected) => {
    const before = read([]).options.transport('slow')
    const after = { ...before, ...expected }
    expect(after).not.toEqual(before)
    const forAll = read([`${name} = ${value}`]).options
    expect(forAll.transport('slow')).toEqual(after)
    const own = read([`slow_${suffix} = ${value}`]).options
    expect(own.transport('slow')).toEqual(after)
    expect(own.transport('smtp')).toEqual(defaultTransportSettings)
  })

  it('the process limit is that of its service, or the default', () => {
    const { transport } = read(['default_process_limit = 3']).options
    expect(transport('slow').processLimit).toBe(7)
    expect(transport('smtp').processLimit).toBe(3)
    expect(transport('nowhere').processLimit).toBe(3)
  })

  it('what is said of one that master.cf has not is unused: nobody looked whether it makes sense', () => {
    const { transport } = read(['nowhere_destination_concurrency_limit = many']).options
    expect(transport('nowhere')).toEqual(defaultTransportSettings)
  })

  it('S-27: mailboxes of local go one by one', () => {
    const own = { limit: 2, destinationRecipientLimit: 1 }
    expect(read([]).options.transport('local')).toMatchObject(own)
  })
})

describe('feedback of main.cf', () => {
  const NEGATIVE = 'default_destination_concurrency_negative_feedback'

  it.each(['2', '1/sqrt_concurrency'])('S-73: %s is not taken, and named', (value) => {
    const { options, logged } = read([`${NEGATIVE} = ${value}`])
    const whole = { base: 1, dividedByWindow: false }
    expect(options.transport('smtp')).toMatchObject({ negative: whole, positive: whole })
    expect(logged).toEqual([
      `warning: ${NEGATIVE}: ignoring malformed or unreasonable feedback: ${value}`,
    ])
  })

  it('S-76: the set-up of a transport is told, with the parameter that it is of', () => {
    const { options, logged } = read([
      'destination_concurrency_feedback_debug = yes',
      'slow_initial_destination_concurrency = 3',
      'slow_destination_concurrency_positive_feedback = 1/concurrency',
    ])
    options.transport('slow')
    expect(logged).toEqual([
      'slow: slow_destination_concurrency_positive_feedback feedback type 1 value at 3: 0.333333',
      `slow: ${NEGATIVE} feedback type 0 value at 3: 1`,
    ])
  })
})
