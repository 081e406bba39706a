import type { Account, Accounts } from './accounts.ts'
import type { ConfigError } from './errors.ts'
import type { ParameterValues } from './registry.ts'
import type { Settings } from './settings.ts'

type UserParameter = 'default_privs' | 'mail_owner'

/**
 * Checks the accounts that the mail system runs with: they exist, none is privileged, and no two
 * share an id (G-19). Nothing is checked when `mail_owner` is empty: then nobody is become.
 *
 * Unlike Postfix it lets `default_privs` and `setgid_group` be when they are not set: nothing runs
 * with them, and a machine that never had Postfix does not have these accounts.
 *
 * @throws {ConfigError} `value`
 */
export function checkAccounts(
  values: ParameterValues,
  settings: Settings,
  accounts: Accounts,
): void {
  if (values.mail_owner === '') return
  const checks = new AccountChecks(values, settings, accounts)
  const isSet = (name: string): boolean => settings.names.has(name)
  const privs = isSet('default_privs') ? checks.user('default_privs') : undefined
  const owner = checks.user('mail_owner')
  checks.isFirstOfItsId(owner)
  const groupId = isSet('setgid_group') ? checks.setgidGroup() : undefined
  if (privs !== undefined) checks.differ(privs, owner)
  if (groupId === undefined) return
  if (privs !== undefined) checks.differFromGroup('default_privs', privs, groupId)
  checks.differFromGroup('mail_owner', owner, groupId)
}

class AccountChecks {
  readonly #values: ParameterValues
  readonly #settings: Settings
  readonly #accounts: Accounts

  constructor(values: ParameterValues, settings: Settings, accounts: Accounts) {
    this.#values = values
    this.#settings = settings
    this.#accounts = accounts
  }

  user(parameter: UserParameter): Account {
    const name = this.#values[parameter]
    const user = this.#accounts.userByName(name)
    const expected = 'a user of its own, whose user and group are not 0'
    const fail = (problem: string) => this.#error(parameter, problem, expected)
    if (user === undefined) throw fail(`unknown user name value: ${name}`)
    if (user.userId === 0) throw fail(`user ${name} has privileged user ID`)
    if (user.groupId === 0) throw fail(`user ${name} has privileged group ID`)
    return user
  }

  isFirstOfItsId({ name, userId }: Account): void {
    const first = this.#accounts.userById(userId)?.name ?? name
    if (first === name) return
    const problem = `user ${name} has same user ID as ${first}`
    throw this.#error('mail_owner', problem, 'a user whose id nobody else has')
  }

  setgidGroup(): number {
    const { setgid_group: name } = this.#values
    const groupId = this.#accounts.groupIdOf(name)
    const expected = 'a group of its own, whose id is not 0'
    const fail = (problem: string) => this.#error('setgid_group', problem, expected)
    if (groupId === undefined) throw fail(`unknown group name: ${name}`)
    if (groupId === 0) throw fail(`group ${name} has privileged group ID`)
    const first = this.#accounts.groupNameOf(groupId) ?? name
    if (first !== name) throw fail(`group ${name} has same group ID as ${first}`)
    return groupId
  }

  differ(privs: Account, owner: Account): void {
    const names = 'parameters default_privs and mail_owner'
    const both = `users ${privs.name} and ${owner.name} have the same`
    if (privs.name === owner.name) {
      throw this.#pairError('default_privs', `${names} specify the same user ${privs.name}`)
    }
    if (privs.userId === owner.userId) {
      throw this.#pairError('default_privs', `${names}: ${both} user ID: ${privs.userId}`)
    }
    if (privs.groupId === owner.groupId) {
      throw this.#pairError('default_privs', `${names}: ${both} group ID: ${privs.groupId}`)
    }
  }

  differFromGroup(parameter: UserParameter, user: Account, groupId: number): void {
    if (user.groupId !== groupId) return
    const both = `user ${user.name} and group ${this.#values.setgid_group} have the same group ID`
    throw this.#pairError(
      'setgid_group',
      `parameters ${parameter} and setgid_group: ${both}: ${groupId}`,
    )
  }

  #error(parameter: string, problem: string, expected: string): ConfigError {
    const text = `file ${this.#settings.file}: parameter ${parameter}: ${problem}`
    return this.#settings.error(parameter, text, expected)
  }

  #pairError(parameter: string, problem: string): ConfigError {
    const expected = 'different accounts, so that one cannot be used against the other'
    return this.#settings.error(parameter, `file ${this.#settings.file}: ${problem}`, expected)
  }
}
