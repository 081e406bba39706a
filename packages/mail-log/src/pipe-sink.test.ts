import { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { pipeSink } from './index.ts'

const MIB = 'x'.repeat(1024 * 1024)

/** A stream that takes one chunk and the next when told to. */
function slowStream() {
  const taken: string[] = []
  let next: (() => void) | undefined
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _, callback) {
      taken.push(chunk)
      next = callback
    },
  })
  const takeAll = async () => {
    for (let take = next; take !== undefined; take = next) {
      next = undefined
      take()
      await setImmediate()
    }
  }
  return { stream, taken, takeAll }
}

it('drops lines while more than 8 MiB wait, and goes on when the reader does', async () => {
  const { stream, taken, takeAll } = slowStream()
  const sink = pipeSink(stream)
  for (let count = 0; count < 9; count++) sink.write(MIB)
  expect(() => sink.write('dropped\n')).toThrow(expect.objectContaining({ code: 'full' }))
  expect(stream.writableLength).toBe(9 * MIB.length)
  await takeAll()
  sink.write('kept\n')
  await takeAll()
  expect(taken.join('').endsWith('xkept\n')).toBe(true)
})

it('close waits for what the stream has gathered, and leaves it open', async () => {
  const { stream, taken, takeAll } = slowStream()
  const sink = pipeSink(stream)
  sink.write('one\n')
  sink.write('two\n')
  let isClosed = false
  const closing = Promise.resolve(sink.close?.()).then(() => {
    isClosed = true
  })
  await setImmediate()
  expect(isClosed).toBe(false)
  await takeAll()
  await closing
  expect(taken.join('')).toBe('one\ntwo\n')
  expect(stream.writableEnded).toBe(false)
  await sink.close?.()
})

it('throws the error of a stream whose reader is gone, and closes nevertheless', async () => {
  const stream = new Writable({
    write: (_chunk, _encoding, callback) => callback(new Error('EPIPE')),
  })
  const sink = pipeSink(stream)
  sink.write('one\n')
  await setImmediate()
  expect(() => sink.write('two\n')).toThrow('EPIPE')
  await sink.close?.()
})
