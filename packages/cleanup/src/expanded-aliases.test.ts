import { afterAll, beforeAll, expect, it } from 'vitest'

import { mappingOptions } from '../test/addresses.ts'
import { Scene } from '../test/scene.ts'
import type { ExpandedRecipient } from './index.ts'

const VIRTUAL = {
  'all@e.test': 'a@e.test, b@e.test',
  'one@e.test': 'a@e.test',
  'self@e.test': 'self@e.test',
}

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterAll(() => scene.close())

async function submit(address: string, notify: number) {
  const reported: ExpandedRecipient[] = []
  const formatExpanded = (recipients: readonly ExpandedRecipient[]): string => {
    reported.push(...recipients)
    return '\nentry\n\n'
  }
  const { id, queued } = await scene.submit(
    { recipients: [{ address, notify }] },
    { mapping: mappingOptions({ virtual: VIRTUAL }), ports: { formatExpanded } },
  )
  const groups = queued!.envelope.filter(([type, text]) => type === 'R' || /^notify/.test(text))
  const log = await scene.store.readStatusLog('trace', id)
  const [, sizes = ''] = queued!.envelope[0]!
  const flags = Number(sizes.trim().split(/ +/)[3])
  return { reported, groups, flags, log: log && Buffer.from(log).toString() }
}

it('F-43: members of an alias hold NOTIFY without SUCCESS, and a trace log says why', async () => {
  expect(await submit('all@e.test', 2 + 4)).toEqual({
    reported: [
      expect.objectContaining({
        address: 'all@e.test',
        original: 'all@e.test',
        dsnOriginal: 'rfc822;all@e.test',
        notify: 6,
      }),
    ],
    groups: [
      ['A', 'notify_flags=4'],
      ['R', 'a@e.test'],
      ['A', 'notify_flags=4'],
      ['R', 'b@e.test'],
    ],
    flags: 12, // What was asked for (F-33).
    log: '\nentry\n\n',
  })
})

it('F-43: where nothing is left of NOTIFY, it is NEVER', async () => {
  expect((await submit('one@e.test', 2)).groups).toEqual([
    ['A', 'notify_flags=1'],
    ['R', 'a@e.test'],
  ])
})

it.each([
  ['self@e.test', 2],
  ['other@e.test', 2],
  ['all@e.test', 4],
  ['all@e.test', 0],
])('F-43: %s with NOTIFY %i needs no trace log', async (address, notify) => {
  const { reported, log, groups, flags } = await submit(address, notify)
  expect({ reported, log, flags }).toEqual({ reported: [], log: undefined, flags: notify << 1 })
  const flagged = groups.filter(([type]) => type === 'A').map(([, text]) => text)
  expect(new Set(flagged)).toEqual(new Set(notify === 0 ? [] : [`notify_flags=${notify}`]))
})
