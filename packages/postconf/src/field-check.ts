import { PostconfError } from './errors.ts'
import type { Field } from './master-entry.ts'

const FLAG = /^[yn-]$/
const ALLOWED: Partial<Record<Field, RegExp>> = {
  service: /./s,
  type: /^(inet|unix|unix-dgram|fifo|pass)$/,
  private: FLAG,
  unprivileged: FLAG,
  chroot: FLAG,
  wakeup: /^(-|\d*\??)$/,
  process_limit: /^(-|\d+)$/,
}

/**
 * Checks what a column of master.cf says.
 *
 * @param context The line, or what the caller asked for: the message quotes it.
 * @throws {PostconfError} `file`
 */
export function checkField(field: Field, value: string, context: string): void {
  if (value !== '' && ALLOWED[field]?.test(value) !== false) return
  throw new PostconfError('file', `invalid ${field} field "${value}" in "${context}"`)
}
