import { expect, it } from 'vitest'

import { DiskPace } from './disk-pace.ts'

it('takes a disk for slow until an fsync shows that it is not', () => {
  const pace = new DiskPace()
  expect(pace.isFast).toBe(false)
  pace.record(1)
  expect(pace.isFast).toBe(true)
})

it('changes its mind when the disk does, but not for one answer', () => {
  const pace = new DiskPace()
  for (let i = 0; i < 20; i++) pace.record(1)
  pace.record(30)
  expect(pace.isFast).toBe(true)
  for (let i = 0; i < 20; i++) pace.record(30)
  expect(pace.isFast).toBe(false)
  for (let i = 0; i < 60; i++) pace.record(1)
  expect(pace.isFast).toBe(true)
})
