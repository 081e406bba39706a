import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LmdbFormatError } from './lmdb-format.ts'
import { LmdbReader, type ReadAt } from './lmdb-reader.ts'

const PAGE = 4096
const deep = contentOf('deep')
const DEEP_KEYS = [0, 1, 150, 299]
  .map((number) => `${'k'.repeat(400)}${String(number).padStart(3, '0')}`)
  .concat('long', 'longer', 'a', 'zzz')
  .map((key) => Buffer.from(`${key}\0`))

function contentOf(file: string): Buffer {
  return gunzipSync(readFileSync(join(import.meta.dirname, `../vectors/lmdb/${file}.lmdb.gz`)))
}

function readAtOf(content: Buffer): ReadAt {
  return (target, position) => {
    const start = Math.min(position, content.length)
    return content.copy(target, 0, start, Math.min(start + target.length, content.length))
  }
}

describe('LmdbReader', () => {
  it('reads what a file has, or says where it is damaged, whatever bytes are wrong', () => {
    // Mostly where it hurts: the meta pages, page headers and the offsets behind them.
    const place = fc.oneof(
      { weight: 1, arbitrary: fc.nat({ max: deep.length - 1 }) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.nat({ max: deep.length / PAGE - 1 }), fc.nat({ max: 200 }))
          .map(([page, at]) => page * PAGE + at),
      },
    )
    const damage = fc.array(fc.tuple(place, fc.nat({ max: 255 })), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(damage, fc.option(fc.nat({ max: deep.length })), (changes, length) => {
        const content = Buffer.from(deep.subarray(0, length ?? deep.length))
        for (const [at, byte] of changes) content[at] = byte
        for (const key of DEEP_KEYS) {
          try {
            new LmdbReader(readAtOf(content)).find([key])
          } catch (error) {
            if (!(error instanceof LmdbFormatError)) throw error
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('uses the other meta page when one is damaged', () => {
    const content = contentOf('after') // Transaction 2 in page 0, transaction 1 in page 1.
    const key = Buffer.from('key1\0')
    expect(new LmdbReader(readAtOf(content)).find([key])?.toString()).toBe('changed\0')
    const reader = new LmdbReader(readAtOf(content))
    content[20] = 9
    expect(reader.find([key])?.toString()).toBe('value one\0')
    content[PAGE + 20] = 9
    expect(() => reader.find([key])).toThrow(/data version must be 1, not 9/)
    content[20] = 1
    expect(reader.find([key])?.toString()).toBe('changed\0')
  })

  // In a file with one entry page 2 is the root and a leaf, with its node 4072 bytes in.
  const NODE = 4072
  it.each([
    ['its number', 0, [9], 'says that it is page 9'],
    ['its kind', 10, [1], 'expected a leaf, found kind 1'],
    ['no nodes', 12, [16], 'page without nodes'],
    ['no room for nodes', 12, [14], 'free space from 14 to 4072 is not inside the page'],
    ['half a node', 12, [19], 'free space from 19 to 4072 is not inside the page'],
    [
      'free space beyond the page',
      14,
      [1, 16],
      'free space from 18 to 4097 is not inside the page',
    ],
    [
      'free space that ends before it begins',
      14,
      [17, 0],
      'free space from 18 to 17 is not inside',
    ],
    ['a node beyond the page', 16, [249, 15], 'node 0 is not inside the page'],
    ['a node in the header', 16, [15, 0], 'node 0 is not inside the page'],
    ['a key beyond the page', NODE + 6, [17], 'key goes beyond its page'],
    ['a value beyond the page', NODE, [12], 'value goes beyond its page'],
    ['another database as value', NODE + 4, [2], 'entry with unsupported flags 2'],
  ])('says where a page is damaged: %s', (_, at, bytes, problem) => {
    const content = contentOf('one')
    content.set(bytes, 2 * PAGE + at)
    const find = () => new LmdbReader(readAtOf(content)).find([Buffer.from('key1\0')])
    expect(find).toThrow(`page 2 at byte 8192: ${problem}`)
  })

  // The value of "long" is in pages 46 to 48; page 44 has its key, 2386 bytes in.
  it.each([
    ['its kind', 46 * PAGE + 10, [2], 'page 46 at byte 188416: not a long value'],
    [
      'its number of pages',
      46 * PAGE + 12,
      [2],
      'page 46 at byte 188416: value of 10001 bytes in 2',
    ],
    [
      'its length',
      44 * PAGE + 2386,
      [0, 0, 0, 2],
      'page 46 at byte 188416: value of 33554432 bytes',
    ],
    ['its page', 44 * PAGE + 2399, [50], 'page 50 at byte 204800: not one of pages 2 to 49'],
    [
      'its page, a meta page',
      44 * PAGE + 2399,
      [1],
      'page 1 at byte 4096: not one of pages 2 to 49',
    ],
  ])('says where a long value is damaged: %s', (_, at, bytes, message) => {
    const content = Buffer.from(deep)
    content.set(bytes, at)
    // Pages enough for any length: then only our own limit is left.
    if (bytes.length === 4) content.writeUInt32LE(0xffff, 46 * PAGE + 12)
    const find = () => new LmdbReader(readAtOf(content)).find([Buffer.from('long\0')])
    expect(find).toThrow(message)
  })

  it('says where a long value is cut off', () => {
    const reader = new LmdbReader(readAtOf(deep.subarray(0, 47 * PAGE)))
    const message = 'page 46 at byte 188416: value is cut off'
    expect(() => reader.find([Buffer.from('long\0')])).toThrow(message)
  })

  it('does not go round in circles', () => {
    const content = Buffer.from(deep)
    const root = content.readUInt32LE(PAGE + 128)
    const node = content.readUInt16LE(root * PAGE + 16)
    content.writeUInt32LE(root, root * PAGE + node) // The first child of the root is the root.
    const reader = new LmdbReader(readAtOf(content))
    expect(() => reader.find([Buffer.from('a')])).toThrow(`page ${root} at byte ${root * PAGE}: `)
  })

  it('looks again when the file changes while it looks', () => {
    let content = contentOf('one')
    let reads = 0
    const reader = new LmdbReader((target, position) => {
      // The third read is that of the root, between the two of the meta pages.
      if (++reads === 3) content = contentOf('after')
      return readAtOf(content)(target, position)
    })
    const value = reader.find([Buffer.from('key2\0'), Buffer.from('key1\0')])
    expect(value?.toString()).toBe('two\0')
  })

  it('gives up when the file does not stop changing', () => {
    const content = contentOf('one')
    const reader = new LmdbReader((target, position) => {
      if (position === 0) content.writeUInt32LE(content.readUInt32LE(PAGE + 144) + 1, PAGE + 144)
      return readAtOf(content)(target, position)
    })
    expect(() => reader.find([Buffer.from('key1\0')])).toThrow(/changed 20 times/)
  })

  it('reads pages once, and the meta pages at each lookup', () => {
    const reads: number[] = []
    const reader = new LmdbReader((target, position) => {
      reads.push(position / PAGE)
      return readAtOf(deep)(target, position)
    })
    const key = DEEP_KEYS.slice(0, 1)
    reader.find(key)
    // The first for the page size, then the meta pages, three levels, the meta pages.
    expect(reads.length).toBe(6)
    reader.find(key)
    expect(reads.slice(6)).toEqual([0])
    reader.forget()
    reader.find(key)
    expect(reads.length).toBe(12)
  })
})
