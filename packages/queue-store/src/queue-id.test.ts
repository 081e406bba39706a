import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isQueueFileName } from './index.ts'
import { decodeInode, decodeQueueId, encodeLongId, encodeShortId, hashKey } from './queue-id.ts'
import { QueuePaths } from './queue-path.ts'

describe('isQueueFileName', () => {
  it.each(['A', '4jWKfq0vY7zJbLt', 'CAF6D21A0FB', 'a_b', 'x'.repeat(255)])('F-2: %s', (name) =>
    expect(isQueueFileName(name)).toBe(true),
  )

  it.each(['', '.', '..', '../x', '123.456', 'A#FIX', 'a-b', 'é', 'a\n', 'a\0', 'x'.repeat(256)])(
    'F-2: not %j',
    (name) => expect(isQueueFileName(name)).toBe(false),
  )
})

describe('queue ids', () => {
  it.each([
    [0, '000000', '0000', '0'],
    [50, '00000y', '000y', 'y'],
    [51, '00000z', '000z', '10'],
    [52, '000010', '0010', '11'],
    [999_999, '0075pl', '75pl', '7WRp'],
    [1_767_225_600, '4dhRlh', undefined, undefined],
    [2_203_899, undefined, undefined, 'JbJh'],
    [2 ** 40, undefined, undefined, '1CSkZtT1'],
  ])('F-5: digits of %i', (value, seconds, microseconds, inode) => {
    if (seconds) expect(encodeLongId(value, 0, 0)).toBe(`${seconds}0000z0`)
    if (microseconds) expect(encodeLongId(0, value, 0)).toBe(`000000${microseconds}z0`)
    if (inode) expect(encodeLongId(0, 0, value)).toBe(`0000000000z${inode}`)
  })

  it.each([
    ['4jWKfq0vY7zJbLt', 1_795_190_115, 128_603, 0x21a16b, '1F65B21A16B', '1'],
    ['4jWLXn5yXZzJbKV', 1_795_192_505, 839_726, 0x21a124, 'CD02E21A124', 'C'],
    ['4jWLXn5wNRzJbJw', 1_795_192_505, 833_895, 0x21a107, 'CB96721A107', 'C'],
    ['4jWLTx5yGSzJbPj', 1_795_192_357, 838_992, 0x21a1fb, 'CCD5021A1FB', 'C'],
  ])('F-6: long id %s', (id, seconds, microseconds, inode, short, hash) => {
    expect(decodeQueueId(id)).toEqual({ seconds, microseconds, inode: BigInt(inode) })
    expect(encodeLongId(seconds, microseconds, inode)).toBe(id)
    expect(encodeShortId(microseconds, inode)).toBe(short)
    expect(hashKey(id)[0]).toBe(hash)
  })

  it.each([
    ['CAF6D21A0FB', 0x21a0fbn],
    ['.....21a0FB', 0x21a0fbn],
    ['4jWKfq0vY7zJbLt', 0x21a16bn],
    ['..........zJbLt', 0x21a16bn],
    ['ABCDE', undefined],
    ['ABCDEFGHIJK', undefined],
    ['4jWKfq0vY7z', undefined],
    ['4jWKfq0vY7zaJb', undefined],
  ])('F-6: the inode of %s, whatever stands before it', (id, inode) =>
    expect(decodeInode(id)).toBe(inode),
  )

  it('F-4, F-6: short id CAF6D21A0FB, of any case', () => {
    const parts = { microseconds: 831_341, inode: 0x21a0fbn }
    expect(decodeQueueId('CAF6D21A0FB')).toEqual(parts)
    expect(decodeQueueId('caf6d21a0fb')).toEqual(parts)
    expect(encodeShortId(831_341, 0x21a0fb)).toBe('CAF6D21A0FB')
    expect(encodeShortId(1, 1)).toBe('000011')
    expect(hashKey('CAF6D21A0FB')[0]).toBe('C')
  })

  it.each([
    '',
    'CAF6D',
    'CAF6',
    'CAF6DX',
    'CAF6D21z',
    '4jWKfq0vYazJbLt',
    '4jWKfq0vY7z',
    'ABCDE1_',
    'BBBBBBBBBzB',
  ])('F-6: %j is neither', (id) => expect(decodeQueueId(id)).toBeUndefined())

  it('F-6, F-8: a name with its last z at index 9 is not a long one', () => {
    expect(hashKey('BBBBBBBBBzB')).toBe('BBBBBBBBBzB')
  })

  it('F-5, F-6: decodes what it encoded, inodes of 64 bits too', () => {
    const microseconds = fc.nat({ max: 999_999 })
    const inode = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    const seconds = fc.nat({ max: 2 ** 32 })
    fc.assert(
      fc.property(seconds, microseconds, inode, (s, us, ino) => {
        expect(decodeQueueId(encodeLongId(s, us, ino))).toEqual({
          seconds: s,
          microseconds: us,
          inode: ino,
        })
        expect(decodeQueueId(encodeShortId(us, ino))).toEqual({ microseconds: us, inode: ino })
      }),
      { numRuns: 200 },
    )
  })
})

describe('QueuePaths', () => {
  const paths = (depth: number) =>
    new QueuePaths({
      directory: '/q',
      hashQueueNames: ['Deferred', 'defer', 'bounce'],
      hashQueueDepth: depth,
    })

  it.each([
    ['deferred', 1, 'CAF6D21A0FB', '/q/deferred/C/CAF6D21A0FB'],
    ['deferred', 2, 'CAF6D21A0FB', '/q/deferred/C/A/CAF6D21A0FB'],
    ['defer', 2, '4jWLXn5yXZzJbKV', '/q/defer/C/D/4jWLXn5yXZzJbKV'],
    ['bounce', 3, 'ab', '/q/bounce/a/b/_/ab'],
    ['hold', 2, 'CAF6D21A0FB', '/q/hold/CAF6D21A0FB'],
    ['deferred', 0, 'CAF6D21A0FB', '/q/deferred/C/CAF6D21A0FB'],
    ['deferred', 1, '4jWLXn5yaazJbKV', '/q/deferred/0/4jWLXn5yaazJbKV'],
  ] as const)('F-8: %s at depth %i, %s', (queue, depth, id, path) => {
    expect(paths(depth).file(queue, id)).toBe(path)
  })

  it('F-8: names the hash directories, outermost first', () => {
    expect(paths(2).hashDirectories('deferred', 'CAF6')).toEqual([
      '/q/deferred/C',
      '/q/deferred/C/A',
    ])
    expect(paths(2).hashDirectories('hold', 'CAF6')).toEqual([])
  })

  it('F-2: makes no path of a name that is no queue id', () => {
    expect(() => paths(1).file('hold', '../../etc/passwd')).toThrow(TypeError)
  })
})
