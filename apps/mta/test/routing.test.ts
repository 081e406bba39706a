import { afterEach, beforeEach, expect, it } from 'vitest'

import { type Arrival, Destination } from '../harness/destination.ts'
import { Scene } from '../harness/scene.ts'

let scene: Scene | undefined
let elsewhere: Destination
let port: number
const arrivedElsewhere: Arrival[] = []
beforeEach(async () => {
  elsewhere = new Destination((arrival) => arrivedElsewhere.push(arrival))
  port = await elsewhere.listen()
})
afterEach(async () => {
  await scene?.close()
  await elsewhere.close()
  scene = undefined
  arrivedElsewhere.length = 0
})

/** Where mail went: to the relayhost, or elsewhere. */
const arrived = () => ({
  there: scene?.arrivals.map(({ recipient }) => recipient).sort(),
  elsewhere: arrivedElsewhere.map(({ recipient }) => recipient).sort(),
})

async function open(parameters: Readonly<Record<string, string>>): Promise<Scene> {
  scene = await Scene.open({ parameters })
  return scene
}

/** What is logged of a recipient. */
async function outcome(recipient: string): Promise<string> {
  const line = (await scene?.posthouse.logged(new RegExp(`to=<${recipient}>, .*status=`))) ?? ''
  const [, relay, dsn, status] = /relay=(.*?), .*dsn=(.*?), status=(.*)/.exec(line) ?? []
  return `${relay} ${dsn} ${status}`
}

it('G-149: transport_maps names transport and next hop, or what is wrong', async () => {
  const lines = [
    `{exact.test = :[127.0.0.1]:${port}}`,
    `{.sub.test = smtp:[127.0.0.1]:${port}}`,
    '{user@full.test = error:5.7.1 not here}',
    '{wait.test = retry:4.2.1 full}',
  ]
  const opened = await open({ transport_maps: `inline:{ ${lines.join(' ')} }` })
  await opened.submit([
    'a@exact.test',
    'b@x.sub.test',
    'c@sub.test',
    'user@full.test',
    'd@wait.test',
  ])
  await expect
    .poll(arrived)
    .toEqual({ there: ['c@sub.test'], elsewhere: ['a@exact.test', 'b@x.sub.test'] })
  expect(await outcome('user@full.test')).toBe('none 5.7.1 bounced (not here)')
  expect(await outcome('d@wait.test')).toBe('none 4.2.1 deferred (full)')
})

it('G-147: by the sender, to another relayhost', async () => {
  const table = `inline:{ {@branch.test = [127.0.0.1]:${port}} {<> = [127.0.0.1]:${port}} }`
  const opened = await open({ sender_dependent_relayhost_maps: table })
  await opened.submit(['a@dest.test'], undefined, 'boss@branch.test')
  await opened.submit(['b@dest.test'], undefined, 'boss@other.test')
  await opened.submit(['c@dest.test'], undefined, '')
  await expect
    .poll(arrived)
    .toEqual({ there: ['b@dest.test'], elsewhere: ['a@dest.test', 'c@dest.test'] })
})

it('G-150: a recipient that has moved', async () => {
  const opened = await open({ relocated_maps: 'inline:{ {old@dest.test = new@dest.test} }' })
  await opened.submit(['old@dest.test', 'other@dest.test'])
  expect(await outcome('old@dest.test')).toBe(
    'none 5.1.6 bounced (User has moved to new@dest.test)',
  )
  expect(await outcome('other@dest.test')).toMatch(/2\.0\.0 sent/)
})

it('G-153: a table that has no answer keeps mail waiting', async () => {
  const opened = await open({ transport_maps: 'fail:maps' })
  await opened.submit(['a@dest.test'])
  expect(await outcome('a@dest.test')).toBe('none 4.3.0 deferred (address resolver failure)')
  const { log } = opened.posthouse
  expect(
    log.some((line) => line.includes('warning: fail:maps lookup error for "a@dest.test"')),
  ).toBe(true)
  expect(log.some((line) => line.includes('warning: transport_maps lookup failure'))).toBe(true)
})

it('mail for this host is returned at once, with what to set', async () => {
  const opened = await open({ mydestination: 'local.test' })
  await opened.submit(['a@local.test', 'b@dest.test'])
  const text = await outcome('a@local.test')
  expect(text).toContain('none 5.3.5 bounced (mail for this host is not delivered here')
  expect(text).toContain('local_transport or transport_maps')
  expect(await outcome('b@dest.test')).toMatch(/2\.0\.0 sent/)
})

it('mail for this host goes to the transport that is named for it', async () => {
  const opened = await open({
    mydestination: 'local.test, mapped.test',
    local_transport: `smtp:[127.0.0.1]:${port}`,
    transport_maps: 'inline:{ {mapped.test = error:5.2.1 no mailbox} }',
  })
  await opened.submit(['a@local.test', 'b@mapped.test'])
  await expect.poll(arrived).toEqual({ there: [], elsewhere: ['a@local.test'] })
  expect(await outcome('b@mapped.test')).toBe('none 5.2.1 bounced (no mailbox)')
})
