import { domainToUnicode } from 'node:url'

import type { BounceTemplate } from './bounce-template.ts'

/** What `$name` in a template stands for. */
export interface TemplateValues {
  /** The value of a main.cf parameter, expanded; undefined for a name that nothing sets. */
  readonly parameter: (name: string) => string | undefined
  /** `delay_warning_time` */
  readonly delayWarningTimeSeconds: number
  /** `maximal_queue_lifetime` */
  readonly maximalQueueLifetimeSeconds: number
  /** `smtputf8_enable`: show the names of the own host as people write them. */
  readonly smtputf8: boolean
}

/** How {@link templateValue} tells what is wrong. */
export interface ProblemPorts {
  readonly warn: (text: string) => void
  readonly fail: (problem: string) => never
}

const DAY_SECONDS = 86_400
const UNITS: ReadonlyMap<string, number> = new Map([
  ['seconds', 1],
  ['minutes', 60],
  ['hours', 3600],
  ['days', DAY_SECONDS],
  ['weeks', 7 * DAY_SECONDS],
])
const ACE_LABEL = /(^|\.)xn--/i
const MAX_READABLE = 999
const TIME = /^(delay_warning_time|maximal_queue_lifetime)_(.*)$/

/** The value of a name in the text of a template; undefined for one that nothing sets. */
export function templateValue(
  name: string,
  template: BounceTemplate,
  values: TemplateValues,
  ports: ProblemPorts,
): string | undefined {
  const [, parameter, unit = ''] = TIME.exec(name) ?? []
  if (parameter !== undefined) {
    const { delayWarningTimeSeconds: delay, maximalQueueLifetimeSeconds: lifetime } = values
    const seconds = parameter === 'delay_warning_time' ? delay : lifetime
    return timeIn(unit, seconds, { name, template, ...ports })
  }
  const value = values.parameter(name)
  const isOwnName = name === 'myhostname' || name === 'mydomain'
  if (value === undefined || !isOwnName || !values.smtputf8) return value
  const readable = ACE_LABEL.test(value) ? domainToUnicode(value) : value.toLowerCase()
  // Depending on its release, Node answers a broken name with nothing or with that name.
  if (readable !== '' && !ACE_LABEL.test(readable)) return readable
  ports.warn(`${template.origin}: conversion "${name}" failed: input value: "${value}"`)
  return value
}

/** A time in whole units, with warnings when a reader would not like the number (F-78.7). */
function timeIn(
  unit: string,
  seconds: number,
  { name, template, warn, fail }: ProblemPorts & { name: string; template: BounceTemplate },
): string {
  const unitSeconds = UNITS.get(unit)
  if (unitSeconds === undefined) return fail(`unrecognized suffix "${unit}" in parameter "${name}"`)
  const quotient = Math.floor(seconds / unitSeconds)
  const { kind, origin } = template
  const complain = (problem: string, advice: string) => {
    warn(`${origin}: ${problem} in ${kind} template conversion of parameter "${name}"`)
    warn(`please ${advice} time unit "${unit}" of "${name}" in ${kind} template`)
    warn('for instructions see the bounce(5) manual')
  }
  if (quotient > MAX_READABLE && unitSeconds < DAY_SECONDS) {
    complain(`excessive result "${quotient}"`, 'increase')
  } else if (quotient === 0 && seconds > 0) complain('zero result', 'reduce')
  return String(quotient)
}
