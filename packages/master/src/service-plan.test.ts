import type { MasterService, MasterServiceType } from '@posthouse/config'
import { expect, it } from 'vitest'

import { planServices } from './index.ts'

const PROGRAMS = new Map<string, readonly MasterServiceType[]>([
  ['qmgr', ['unix', 'fifo']],
  ['qmqpd', ['inet', 'unix']],
  ['smtp', ['unix']],
])

const service = (
  name: string,
  command: string,
  line: number,
  type: MasterServiceType = 'unix',
): MasterService => ({
  file: '/etc/postfix/master.cf',
  line,
  name,
  type,
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
  const plan = planServices(services, PROGRAMS)
  expect(plan.run.map(({ name }) => name)).toEqual(['smtp', 'relay'])
  expect(plan.warnings).toEqual([
    '/etc/postfix/master.cf: line 2: no program "/usr/lib/postfix/sbin/local" in this mail system' +
      ' -- skipping service "local" (unix)',
  ])
})

it('G-38: skips a service whose clients its program cannot serve, with one warning', () => {
  const types: MasterServiceType[] = ['inet', 'unix', 'unix-dgram', 'fifo', 'pass']
  const plan = planServices(
    types.map((type, at) => service('628', 'qmqpd', at + 1, type)),
    PROGRAMS,
  )
  expect(plan.run.map(({ type }) => type)).toEqual(['inet', 'unix'])
  const serves = '"qmqpd" serves type "inet" or "unix" in this mail system, not'
  expect(plan.warnings).toEqual([
    `/etc/postfix/master.cf: line 3: ${serves} "unix-dgram" -- skipping service "628" (unix-dgram)`,
    `/etc/postfix/master.cf: line 4: ${serves} "fifo" -- skipping service "628" (fifo)`,
    `/etc/postfix/master.cf: line 5: ${serves} "pass" -- skipping service "628" (pass)`,
  ])
})

it('G-38: says that a queue manager of type fifo gets a socket', () => {
  const plan = planServices([service('qmgr', 'qmgr', 1, 'fifo')], PROGRAMS)
  expect(plan.run).toHaveLength(1)
  expect(plan.warnings).toEqual([
    '/etc/postfix/master.cf: line 1: a UNIX-domain socket stands in for the FIFO of service' +
      ' "qmgr" (fifo)',
  ])
})
