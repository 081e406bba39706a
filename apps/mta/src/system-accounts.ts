import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type Accounts, parseAccounts } from '@posthouse/config'

/**
 * Users and groups of this machine: of its files and, for one that is not there, of whatever
 * else getent(1) asks.
 */
export function systemAccounts(): Accounts {
  const files = parseAccounts(readText('/etc/passwd'), readText('/etc/group'))
  return {
    ...files,
    userByName: (name) =>
      files.userByName(name) ?? parseAccounts(entry('passwd', name), '').userByName(name),
    userById: (userId) =>
      files.userById(userId) ?? parseAccounts(entry('passwd', String(userId)), '').userById(userId),
    groupIdOf: (name) =>
      files.groupIdOf(name) ?? parseAccounts('', entry('group', name)).groupIdOf(name),
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // Then there are no such accounts, which is said of each that is asked for.
  }
}

function entry(database: string, name: string): string {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
    return execFileSync('getent', [database, '--', name], { encoding: 'latin1', stdio })
  } catch {
    return '' // There is none.
  }
}
