import { describe, expect, it } from 'vitest'

import { MemoryWorld } from '../test/memory-world.ts'
import type { ShowBounceTemplates } from './index.ts'

const NAMES = ['myhostname', 'price', 'bounce_template_file', 'process_name', 'nosuch']
const MAIN = 'myhostname = mx.example\nprice = $$5\n'

type Request = Parameters<ShowBounceTemplates>[0]

/** Runs postconf with templates that answer, and remembers what they were asked. */
function run(main: string, args: readonly string[], answer = {}) {
  const world = new MemoryWorld(main, null)
  for (const name of ['t.cf', 'set.cf', 'a$b']) world.files.set(name, `of ${name}`)
  const requests: Request[] = []
  world.showBounceTemplates = (request) => {
    requests.push(request)
    return { text: 'shown\n', warnings: [], error: undefined, ...answer }
  }
  return { world, requests, status: world.run(args) }
}

describe('postconf -b and -t', () => {
  it.each([
    ...[[['-t'], '', undefined] as const, [['-t', ''], 'set.cf', undefined] as const],
    ...[[['-b'], 'set.cf', 'set.cf'] as const, [['-b', 't.cf'], 'set.cf', 't.cf'] as const],
    [['-b', 'a$b'], '', 'a$b'] as const,
  ])('F-80: %j with bounce_template_file = %j show %j', (args, setting, path) => {
    const { world, requests, status } = run(`bounce_template_file = ${setting}\n`, args)
    expect([status, world.stdout, world.stderr]).toEqual([0, 'shown\n', ''])
    expect(requests.map(({ file }) => file?.path)).toEqual([path])
    const content = requests[0]?.file?.content
    expect(content && Buffer.from(content).toString()).toBe(path && `of ${path}`)
  })

  it('F-80: -b gives values of main.cf and defaults, expanded; -t none', () => {
    const main = `${MAIN}delay_warning_time = 90m\nsmtputf8_enable = no\n`
    const { values } = run(main, ['-b', 't.cf']).requests[0]!
    expect(NAMES.map((name) => values?.parameter(name))).toEqual([
      ...['mx.example', '$5', 't.cf', 'bounce', undefined],
    ])
    expect(values).toMatchObject({
      ...{ delayWarningTimeSeconds: 5400, maximalQueueLifetimeSeconds: 432_000 },
      smtputf8: false,
    })
    expect(run(main, ['-t', 't.cf']).requests[0]?.values).toBeUndefined()
  })

  it('F-80: messages have the name of bounce(8), and nothing unprintable', () => {
    const answer = { warnings: ['é \u001b', 'é \u001b', '\udcff'], error: 'x' }
    const { world, status } = run('compatibility_level = 3.6\n', ['-b'], answer)
    const stderr = (name: string, e: string) =>
      `${name}/bounce: warning: ${e} ?\n${name}/bounce: warning: ?\n${name}/bounce: fatal: x\n`
    expect([status, world.stdout]).toEqual([1, ''])
    expect(world.stderr).toBe(stderr('postfix', Buffer.from('é').toString('latin1')))
    const main = 'syslog_name = a\nsmtputf8_enable = no\n'
    expect(run(main, ['-b'], answer).world.stderr).toBe(stderr('a', '??'))
  })

  it.each([
    [['-t', 'nosuch'], '', 'postfix/bounce: fatal: open nosuch: No such file or directory'],
    [
      ['-t'],
      'delay_warning_time = x\n',
      'postfix/bounce: fatal: parameter delay_warning_time: bad time value or unit: x',
    ],
    [
      ['-b', 't.cf', 'set.cf'],
      '',
      'postconf: fatal: options -b and -t require at most one template file',
    ],
    [['-b'], 'x\n', `postconf: fatal: CONF/main.cf, line 1: missing '=' after attribute name: "x"`],
  ])('F-80: %j with main.cf %j is an error', (args, main, message) => {
    const { world, status, requests } = run(main, args)
    expect([status, world.stdout, world.stderr]).toEqual([1, '', `${message}\n`])
    expect(requests).toEqual([])
  })

  it('warnings about main.cf are those of postconf', () => {
    const { world, status } = run('a = 1\na = 2\n', ['-t'])
    expect([status, world.stdout]).toEqual([0, 'shown\n'])
    const warning = 'CONF/main.cf, line 2: overriding earlier entry: a=1'
    expect(world.stderr).toBe(`postconf: warning: ${warning}\n`)
  })
})
