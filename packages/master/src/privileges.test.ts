import { expect, it } from 'vitest'

import { dropPrivileges, lookUpMailOwner } from './index.ts'

it.each([
  ['no-such-user-here', 'unknown user name value: no-such-user-here'],
  ['root', 'user root has privileged user ID'],
])('G-19: refuses mail_owner = %s', (name, reason) => {
  expect(() => lookUpMailOwner(name, '/etc/postfix/main.cf')).toThrowError(
    `file /etc/postfix/main.cf: parameter mail_owner: ${reason}`,
  )
})

it('G-85: changes group, supplementary groups, then user', () => {
  const calls: string[] = []
  let uid = 0
  dropPrivileges(
    { name: 'mail', userId: 8, groupId: 12 },
    {
      getuid: () => uid,
      setgid: (id) => calls.push(`setgid ${id}`),
      initgroups: (user, group) => calls.push(`initgroups ${user} ${group}`),
      setuid: (id) => {
        if (id === 0) throw new Error('EPERM')
        calls.push(`setuid ${id}`)
        uid = id
      },
    },
  )
  expect(calls).toEqual(['setgid 12', 'initgroups mail 12', 'setuid 8'])
})

it('fails if root can be had back', () => {
  let uid = 0
  const setuid = (id: number): void => {
    uid = id
  }
  const identity = { getuid: () => uid, setuid }
  expect(() => dropPrivileges({ name: 'mail', userId: 8, groupId: 12 }, identity)).toThrowError(
    'cannot give up privileges for user mail',
  )
})
