import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { MailOwner } from '@posthouse/master'

/** F-1. Those that are Postfix's alone are left to it; `spare` is the queue store's own. */
export const MAIL_OWNER_DIRECTORIES: readonly string[] = [
  'incoming',
  'active',
  'deferred',
  'hold',
  'corrupt',
  'bounce',
  'defer',
  'trace',
  'spare',
  'private',
]
// For those who may hand mail in, and see to it that it is taken.
const OF_GROUP = [
  { name: 'maildrop', mode: 0o730 },
  { name: 'public', mode: 0o710 },
]

/**
 * Makes what is missing of the queue directory and hands it to `owner`. What is there stays as it
 * is: Postfix may have made it, with owners of its own.
 *
 * @param groupId Of `setgid_group`, if there is that group.
 */
export function prepareQueue(
  queueDirectory: string,
  owner: MailOwner | undefined,
  groupId: number | undefined,
): void {
  mkdirSync(queueDirectory, { recursive: true, mode: 0o755 })
  make(join(queueDirectory, 'pid'), 0o755, undefined)
  for (const name of MAIL_OWNER_DIRECTORIES) make(join(queueDirectory, name), 0o700, owner)
  const group = owner && { ...owner, groupId: groupId ?? owner.groupId }
  for (const { name, mode } of OF_GROUP) make(join(queueDirectory, name), mode, group)
}

function make(path: string, mode: number, owner: MailOwner | undefined): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return
  mkdirSync(path)
  chmodSync(path, mode)
  if (owner !== undefined) chownSync(path, owner.userId, owner.groupId)
}
