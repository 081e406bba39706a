import type { DeliveryOutcome } from '@posthouse/delivery-status'
import type { Logger } from '@posthouse/mail-log'

import type { ClientTable } from './content-checks.ts'

const RESULT = /^([245])(\.\d{1,3}\.\d{1,3})\s+(\S[\s\S]*)$/

/**
 * The outcomes as `smtp_delivery_status_filter` has them (C-100): failures may change their class,
 * what was sent stays sent. Where the filter cannot tell, an outcome stays as it is.
 */
export function filterOutcomes(
  outcomes: readonly DeliveryOutcome[],
  filter: ClientTable,
  log: Logger,
): Promise<DeliveryOutcome[]> {
  return Promise.all(outcomes.map((outcome) => filtered(outcome, filter, log)))
}

async function filtered(
  outcome: DeliveryOutcome,
  filter: ClientTable,
  log: Logger,
): Promise<DeliveryOutcome> {
  const key = `${outcome.status} ${outcome.text}`
  let result: string | undefined
  try {
    result = await filter(key)
  } catch {
    log.warning(`smtp_delivery_status_filter: lookup error for "${key}"`) // The table has said why.
  }
  if (result === undefined) return outcome
  const [, statusClass, rest, text] = RESULT.exec(result) ?? []
  if (text === undefined || (statusClass === '2') !== (outcome.kind === 'sent')) {
    log.warning(`smtp_delivery_status_filter: bad status code: ${result}`)
    return outcome
  }
  const changed = { status: `${statusClass}${rest}`, text }
  if (outcome.kind === 'sent') return { ...outcome, ...changed }
  return { ...outcome, ...changed, kind: statusClass === '4' ? 'deferred' : 'bounced' }
}
