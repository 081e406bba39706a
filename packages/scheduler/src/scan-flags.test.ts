import { describe, expect, it } from 'vitest'

import { readTrigger, ScanFlags } from './index.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** A queue of files with stamps in the future, which every scan looks at one by one. */
function deferredQueue(files: number) {
  const flags = new ScanFlags()
  let at = 0
  const counts = { scans: 0, attempts: 0, skips: 0 }
  return {
    flags,
    send: (trigger: string) => flags.request(readTrigger(bytes(trigger)).deferred),
    /** Looks at so many files at most. */
    scan(most: number) {
      for (let left = most; left > 0 && flags.running; left--) {
        if (at === 0) counts.scans += 1
        if (flags.ignoreStamps) counts.attempts += 1
        else counts.skips += 1
        at += 1
        if (at < files) continue
        at = 0
        flags.end()
      }
    },
    /** What was done since it was asked last. */
    take() {
      const { ...done } = counts
      counts.scans = counts.attempts = counts.skips = 0
      return done
    },
  }
}

describe('X-5: triggers for 60 deferred files whose time has not come', () => {
  const ALL = Number.POSITIVE_INFINITY

  it('D ten times in one write is one scan', () => {
    const queue = deferredQueue(60)
    queue.send('DDDDDDDDDD')
    queue.scan(ALL)
    expect(queue.take()).toMatchObject({ scans: 1, attempts: 0 })
  })

  it('D five times, one after another, is two scans', () => {
    const queue = deferredQueue(60)
    for (let i = 0; i < 5; i++) {
      queue.send('D')
      queue.scan(1)
    }
    queue.scan(ALL)
    expect(queue.take()).toMatchObject({ scans: 2, attempts: 0 })
  })

  it('A starts nothing, and stays until the next D has used it', () => {
    const queue = deferredQueue(60)
    queue.send('A')
    queue.scan(ALL)
    expect(queue.take()).toMatchObject({ scans: 0 })
    queue.send('D')
    queue.scan(ALL)
    expect(queue.take()).toEqual({ scans: 1, attempts: 60, skips: 0 })
    queue.send('D')
    queue.scan(ALL)
    expect(queue.take()).toEqual({ scans: 1, attempts: 0, skips: 60 })
  })

  it.each(['DA', 'AD'])('%s in one write: everything is tried', (trigger) => {
    const queue = deferredQueue(60)
    queue.send(trigger)
    queue.scan(ALL)
    expect(queue.take()).toEqual({ scans: 1, attempts: 60, skips: 0 })
  })

  it('D, and A after the first file: the scan switches over', () => {
    const queue = deferredQueue(60)
    queue.send('D')
    queue.scan(1)
    queue.send('A')
    queue.scan(ALL)
    expect(queue.take()).toEqual({ scans: 1, attempts: 59, skips: 1 })
  })
})

describe('ScanFlags', () => {
  it('S-38: what changes a running scan changes the next one as well, and then no more', () => {
    const flags = new ScanFlags()
    flags.request({ start: true })
    flags.request({ overrideDefer: true })
    expect(flags.overrideDefer).toBe(true)
    flags.end()
    expect(flags).toMatchObject({ running: false, overrideDefer: false })
    flags.request({ start: true })
    expect(flags).toMatchObject({ running: true, overrideDefer: true })
    flags.end()
    flags.request({ start: true })
    expect(flags.overrideDefer).toBe(false)
  })

  it('S-38: after F A D the next scan of incoming, whenever it is, still has both', () => {
    const flags = new ScanFlags()
    flags.request(readTrigger(bytes('FAD')).incoming)
    expect(flags.running).toBe(false)
    flags.request({ start: true })
    expect(flags).toMatchObject({ ignoreStamps: true, overrideDefer: true })
  })

  it('a scan of what is due goes on as such; the next one is of everything', () => {
    const flags = new ScanFlags()
    flags.request({ start: true })
    flags.request({ start: true, whole: true })
    expect(flags.whole).toBe(false)
    flags.end()
    expect(flags).toMatchObject({ running: true, whole: true })
  })
})

describe('readTrigger', () => {
  const quiet = { start: false, ignoreStamps: false, overrideDefer: false }

  it.each([
    ['I', { incoming: { start: true }, deferred: quiet }],
    ['W', { incoming: { start: true }, deferred: quiet }],
    ['D', { incoming: quiet, deferred: { start: true, whole: true } }],
    ['A', { incoming: { ignoreStamps: true }, deferred: { ignoreStamps: true, start: false } }],
    ['F', { flush: true, incoming: { overrideDefer: true }, deferred: { overrideDefer: true } }],
    ['FADI', { flush: true, incoming: { start: true }, deferred: { start: true } }],
    ['IDAFIDAF', { flush: true, incoming: { start: true }, deferred: { start: true } }],
    ['xyz\n\0', { flush: false, incoming: quiet, deferred: quiet }],
    ['', { flush: false, incoming: quiet, deferred: quiet }],
  ])('S-36: %j', (trigger, expected) => {
    expect(readTrigger(bytes(trigger))).toMatchObject(expected)
  })

  it('S-38: F has its effect without a scan', () => {
    const { flush, incoming, deferred } = readTrigger(bytes('F'))
    expect([flush, incoming.start, deferred.start]).toEqual([true, false, false])
  })
})
