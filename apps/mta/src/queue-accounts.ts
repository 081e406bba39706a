import { lookUpMailOwner, type MailOwner } from '@posthouse/master'

import type { Configuration } from './load-configuration.ts'
import { systemAccounts } from './system-accounts.ts'

/** `setgid_group`; undefined if there is no such group. */
export function setgidGroup({
  config,
}: Configuration): { readonly name: string; readonly id: number } | undefined {
  const name = config.setgid_group
  const id = systemAccounts().groupIdOf(name)
  return id === undefined ? undefined : { name, id }
}

/** Whom root becomes; undefined if it is not root or `mail_owner` is empty. */
export function mailOwnerOf({ config, directory }: Configuration): MailOwner | undefined {
  if (process.getuid?.() !== 0 || config.mail_owner === '') return undefined
  return lookUpMailOwner(config.mail_owner, `${directory}/main.cf`)
}
