import { expect, it } from 'vitest'

import vectors from '../vectors/accounts.json' with { type: 'json' }
import { type Accounts, ConfigError, parseAccounts, parseMainCf, resolveConfig } from './index.ts'

const FILE = 'CONF/main.cf'
const PASSWD = vectors.passwd.join('\n')
const GROUP = vectors.group.join('\n')
const SET = ['mail_owner = postfix', 'default_privs = nobody', 'setgid_group = postdrop']
// The first leaves a default alone, the second means that nobody is become.
const OWN = ['mail_owner = nobody\n', 'mail_owner =\n']

it.each(vectors.cases)('G-19, vector: $main', ({ main, log }) => {
  if (OWN.includes(main)) {
    expect(outcome(main)).toEqual([])
    return
  }
  // Postfix checks the defaults too.
  const missing = SET.filter((line) => !main.includes(line.slice(0, line.indexOf(' '))))
  expect(outcome(`${main}${missing.join('\n')}\n`)).toEqual(log)
})

it('does not check default_privs and setgid_group that are not set, nor without accounts', () => {
  const alone = parseAccounts('postfix:x:1:1::/:\n', '')
  expect(outcome('mail_owner = postfix\n', alone)).toEqual([])
  expect(outcome('mail_owner = postfix\nsetgid_group = postdrop\n', alone)).toEqual([
    `fatal: file ${FILE}: parameter setgid_group: unknown group name: postdrop`,
  ])
  expect(outcome('mail_owner = nosuch\n', null)).toEqual([])
})

it('lines that are not in the form of passwd(5) and group(5) do not count', () => {
  const accounts = parseAccounts(
    '# note\na:x:1\nb:x:y:2:\nc:x:3:4:& Doe,room 5:/:\n',
    'g:x\nh:x:5:\n',
  )
  expect(accounts.userByName('a')).toBeUndefined()
  expect(accounts.userByName('b')).toBeUndefined()
  expect(accounts.userById(3)).toEqual({ name: 'c', userId: 3, groupId: 4, fullName: 'C Doe' })
  expect([accounts.groupIdOf('g'), accounts.groupIdOf('h')]).toEqual([undefined, 5])
  expect(accounts.groupNameOf(5)).toBe('h')
})

function outcome(text: string, accounts: Accounts | null = parseAccounts(PASSWD, GROUP)): string[] {
  try {
    resolveConfig({
      mainCf: parseMainCf(text, FILE),
      environment: {
        hostname: 'mx.example.test',
        configDirectory: 'CONF',
        processName: 'test',
        processId: 1,
        interfaceAddresses: [],
        readFile: () => new Uint8Array(),
        ...(accounts === null ? {} : { accounts }),
      },
    })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error).toMatchObject({
      ...{ code: 'value', file: FILE, line: expect.any(Number), expected: expect.any(String) },
      parameter: expect.stringMatching(/^(mail_owner|default_privs|setgid_group)$/),
    })
    return [`fatal: ${error.message}`]
  }
}
