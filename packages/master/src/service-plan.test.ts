import type { MasterService } from '@posthouse/config'
import { expect, it } from 'vitest'

import { planServices } from './index.ts'

const service = (name: string, command: string, line: number): MasterService => ({
  file: '/etc/postfix/master.cf',
  line,
  name,
  type: 'unix',
  private: true,
  unprivileged: true,
  chroot: false,
  wakeup: { seconds: 0, onlyAfterUse: false },
  processLimit: undefined,
  command,
  args: [],
  overrides: [],
})

it('runs the services whose program there is, and names each other one in a warning', () => {
  const services = [
    service('smtp', 'smtp', 1),
    service('local', '/usr/lib/postfix/sbin/local', 2),
    service('relay', '/usr/lib/postfix/sbin/smtp', 3),
  ]
  const plan = planServices(services, new Set(['smtp', 'qmgr']))
  expect(plan.run.map(({ name }) => name)).toEqual(['smtp', 'relay'])
  expect(plan.warnings).toEqual([
    '/etc/postfix/master.cf: line 2: no program "/usr/lib/postfix/sbin/local" in this mail system' +
      ' -- skipping service "local" (unix)',
  ])
})
