import { expect, it } from 'vitest'

import { nodeQueueTree, type QueueTree, repairQueue } from './index.ts'

const NAMES = 5000
const SETTINGS = {
  directory: '/queue',
  hashQueueNames: [],
  hashQueueDepth: 1,
  longQueueIds: false,
}

it('F-23: a directory of many names is not read as a whole first', async () => {
  let read = 0
  const readAtPause: number[] = []
  const tree: QueueTree = {
    ...nodeQueueTree,
    *list(path) {
      if (path !== '/queue/deferred') return
      for (let inode = 1; inode <= NAMES; inode++) {
        read += 1
        yield { name: `00000${inode.toString(16).toUpperCase()}`, type: 'file' }
      }
    },
    status: (path) => ({
      inode: Number.parseInt(path.slice('/queue/deferred/00000'.length), 16),
      mode: 0o100700,
      modifiedMs: 0,
      changedMs: 0,
      sizeBytes: 1,
      links: 1,
      userId: 0,
    }),
  }
  const lines: string[] = []
  const renamed = await repairQueue(SETTINGS, {
    tree,
    now: () => 0,
    reasonOf: String,
    say: (line) => lines.push(line),
    pause: async () => void readAtPause.push(read),
  })
  expect({ renamed, lines, read }).toEqual({ renamed: 0, lines: [], read: NAMES })
  expect(readAtPause[0]).toBeLessThan(NAMES / 10)
})
