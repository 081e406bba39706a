import { expect, it } from 'vitest'

import { connectionLimits } from './connection-limits.ts'

it.each([
  ['the default limit, many files', 100, 1, 20_000, 100, 1000],
  ['the default limit, 1024 files', 100, 1, 1024, 100, 156],
  ['two services', 100, 2, 1024, 100, 28],
  ['a limit beyond the files', 2500, 1, 1024, 256, 0],
  ['no limit', 0, 1, 1024, 256, 0],
  ['neither limit is known', 0, 1, undefined, Number.POSITIVE_INFINITY, 0],
  ['any number of files', 100, 1, undefined, 100, 1000],
  ['hardly a file', 100, 3, 4, 1, 0],
])('Q-354: %s', (_, limit, services, openFiles, maxConnections, maxWaiting) => {
  expect(connectionLimits(limit, services, openFiles)).toEqual({ maxConnections, maxWaiting })
})
