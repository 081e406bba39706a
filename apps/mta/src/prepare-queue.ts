import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { MailOwner } from '@posthouse/master'

// F-1. Those that are Postfix's alone are left to it; `spare` is the queue store's own.
const OWNED = [
  'incoming',
  'active',
  'deferred',
  'hold',
  'corrupt',
  'bounce',
  'defer',
  'trace',
  'spare',
]
const SOCKETS = [
  { name: 'private', mode: 0o700 },
  { name: 'public', mode: 0o710 },
]

/**
 * Makes what is missing of the queue directory and hands it to `owner`. What is there stays as it
 * is: Postfix may have made it, with owners of its own.
 */
export function prepareQueue(queueDirectory: string, owner: MailOwner | undefined): void {
  mkdirSync(queueDirectory, { recursive: true, mode: 0o755 })
  make(join(queueDirectory, 'pid'), 0o755, undefined)
  for (const name of OWNED) make(join(queueDirectory, name), 0o700, owner)
  for (const { name, mode } of SOCKETS) make(join(queueDirectory, name), mode, owner)
}

function make(path: string, mode: number, owner: MailOwner | undefined): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return
  mkdirSync(path)
  chmodSync(path, mode)
  if (owner !== undefined) chownSync(path, owner.userId, owner.groupId)
}
