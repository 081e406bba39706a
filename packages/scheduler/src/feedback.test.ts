import { expect, it } from 'vitest'

import { parseFeedback } from './index.ts'

it.each([
  ['1', 1, false],
  ['0', 0, false],
  ['0.3', 0.3, false],
  ['.5', 0.5, false],
  ['1/4', 0.25, false],
  [' 1 / 8 ', 0.125, false],
  ['1/concurrency', 1, true],
  ['0.5 / concurrency', 0.5, true],
])('S-73: reads %j', (text, base, dividedByWindow) => {
  expect(parseFeedback(text)).toEqual({ base, dividedByWindow })
})

it.each([
  '',
  'x',
  '-1',
  '1.5',
  '2/1',
  '1/0',
  '0/0',
  '1/',
  '/concurrency',
  '1/2/3',
  '2/concurrency',
  '1/sqrt_concurrency',
  '1e-1',
])('S-73: refuses %j', (text) => {
  expect(parseFeedback(text)).toBeUndefined()
})
