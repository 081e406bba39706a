import type { Failure } from './failure.ts'

/**
 * What to say of recipients that are open at the end of the walk (C-8).
 *
 * @param reason The last one that was recorded.
 * @param isOutOfTime Whether somebody else might have taken the message, had there been more time.
 * @param culprit The parameter that a hard failure speaks against; `warn` is told.
 */
export function lastReason(
  reason: Failure | undefined,
  isOutOfTime: boolean,
  culprit: string | undefined,
  warn: (text: string) => void,
): Failure {
  const isHard = reason?.status.startsWith('5')
  if (isOutOfTime && (reason === undefined || isHard)) {
    return { kind: 'host', status: '4.4.7', text: 'delivery took too long' }
  }
  if (reason === undefined) {
    const text = 'server unavailable or unable to receive mail'
    return { kind: 'host', status: '4.3.0', text }
  }
  if (!isHard || culprit === undefined) return { ...reason, kind: 'host' }
  warn(`${culprit} configuration problem`)
  return { ...reason, kind: 'host', status: '4.3.5' }
}
