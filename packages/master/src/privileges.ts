import { execFileSync } from 'node:child_process'

import { MasterError } from './errors.ts'

/** The part of `process` that changes who it is. */
export interface ProcessIdentity {
  getuid?(): number
  initgroups?(user: string | number, extraGroup: string | number): void
  setgid?(id: number): void
  setuid?(id: number): void
}

/** Ids of the user that owns the queue. */
export interface MailOwner {
  readonly name: string
  readonly userId: number
  readonly groupId: number
}

/**
 * Looks up `mail_owner` in the user database of the system (POSIX `id`).
 *
 * @throws {MasterError} `mail-owner`: there is no such user, or it is privileged (G-19).
 */
export function lookUpMailOwner(name: string, mainCf: string): MailOwner {
  const fail = (reason: string, cause?: unknown): never => {
    throw new MasterError('mail-owner', `file ${mainCf}: parameter mail_owner: ${reason}`, {
      cause,
    })
  }
  const ask = (option: string): number => {
    try {
      const args = [option, '--', name]
      const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
      return Number(execFileSync('id', args, { encoding: 'latin1', stdio }))
    } catch (error) {
      return fail(`unknown user name value: ${name}`, error)
    }
  }
  const owner = { name, userId: ask('-u'), groupId: ask('-g') }
  if (owner.userId === 0) fail(`user ${name} has privileged user ID`)
  if (owner.groupId === 0) fail(`user ${name} has privileged group ID`)
  return owner
}

/**
 * Becomes `owner`, with its groups, for good (G-85: group, supplementary groups, user). Throws if
 * root could be had back, for then nothing was given up.
 */
export function dropPrivileges(owner: MailOwner, identity: ProcessIdentity): void {
  identity.setgid?.(owner.groupId)
  identity.initgroups?.(owner.name, owner.groupId)
  identity.setuid?.(owner.userId)
  if (identity.getuid?.() !== owner.userId || canBecomeRoot(identity)) {
    throw new MasterError('mail-owner', `cannot give up privileges for user ${owner.name}`)
  }
}

function canBecomeRoot(identity: ProcessIdentity): boolean {
  try {
    identity.setuid?.(0)
    return true
  } catch {
    return false // As it must be.
  }
}
