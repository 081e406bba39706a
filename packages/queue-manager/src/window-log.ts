import type { WindowChange } from '@posthouse/scheduler'

/** What `destination_concurrency_feedback_debug` has to say of a window (S-76). */
export function windowLines(change: WindowChange): string[] {
  const { kind, destination, feedback, limit, window, success, failure, failedCohorts } = change
  const program = `qmgr_queue_${kind}`
  const numbers = `success ${short(success)} failure ${short(failure)}`
  const cohorts = `fail_cohorts ${short(failedCohorts)}`
  return [
    ...(feedback === undefined ? [] : [`${program}: feedback ${short(feedback)}`]),
    `${program}: queue ${destination}: limit ${limit} window ${window} ${numbers} ${cohorts}`,
  ]
}

/** A number as `%g` of C prints it: six digits at most, and an exponent when it needs one. */
function short(value: number): string {
  if (value === 0) return '0'
  const [mantissa = '', exponent = '0'] = value.toExponential(5).split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return withoutZeros(value.toFixed(5 - power))
  const sign = power < 0 ? '-' : '+'
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`
}

function withoutZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}
