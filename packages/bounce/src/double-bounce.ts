import type { NotificationOptions } from './notification-options.ts'

/** Who sends what the postmaster gets: mail from there is never returned. */
export function doubleBounceAddress({
  doubleBounceSender,
  myhostname,
}: Pick<NotificationOptions, 'doubleBounceSender' | 'myhostname'>): string {
  return `${doubleBounceSender}@${myhostname}`
}
