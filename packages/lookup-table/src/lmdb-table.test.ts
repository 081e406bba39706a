import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { VirtualClock } from '@posthouse/clock'
import { afterAll, afterEach, describe, expect, it } from 'vitest'

import { tableContext } from '../test/table-context.ts'
import vectors from '../vectors/lmdb/lookups.json' with { type: 'json' }
import { type LmdbTable, openLmdbTable } from './lmdb-table.ts'

const directory = mkdtempSync(join(tmpdir(), 'lmdb-table-'))
const name = join(directory, 'table')
const path = `${name}.lmdb`
let table: LmdbTable | undefined

afterEach(() => {
  table?.close()
  table = undefined
})
afterAll(() => rmSync(directory, { recursive: true }))

function contentOf(file: string): Buffer {
  return gunzipSync(readFileSync(join(import.meta.dirname, `../vectors/lmdb/${file}.lmdb.gz`)))
}

function open(file: string, options: { smtputf8?: boolean } = {}) {
  const clock = new VirtualClock()
  const warnings: string[] = []
  writeFileSync(path, contentOf(file))
  table = openLmdbTable(name, tableContext(clock, warnings, options))
  return { table, clock, warnings }
}

describe('G-50: files of postmap', () => {
  it.each(vectors.cases)('$file', ({ file, answers }) => {
    const { table, warnings } = open(file)
    expect(table.kind).toBe('fixed')
    expect(answers.map(([key]) => [key, table.lookup(key ?? '') ?? null])).toEqual(answers)
    expect(warnings).toEqual([])
  })

  it('finds every key of a tree of three levels, and long values', () => {
    const { table } = open('deep')
    const prefix = 'k'.repeat(400)
    for (let number = 0; number < 300; number++) {
      const digits = String(number).padStart(3, '0')
      expect(table.lookup(prefix + digits)).toBe(`value ${number}`)
      expect(table.lookup(`${prefix + digits}0`)).toBeUndefined()
    }
    expect(table.lookup('long')).toBe('v'.repeat(10_000))
    expect(table.lookup('longer')).toBe('w'.repeat(3000))
    expect(table.lookup('zzz')).toBeUndefined()
  })

  it('has no keys that cannot be in it', () => {
    const { table, warnings } = open('plain')
    for (const key of ['both\0', 'x'.repeat(511), 'x'.repeat(100_000)]) {
      expect(table.lookup(key)).toBeUndefined()
    }
    expect(warnings).toEqual([])
    expect(table.lookup('a\udcff')).toBeUndefined()
    const reason = 'malformed UTF-8 or invalid codepoint'
    expect(warnings).toEqual([`lmdb:${name}: non-UTF-8 key "a?": ${reason}`])
  })
})

describe('a file that changes', () => {
  it('is followed when postmap writes into it', () => {
    const { table } = open('one')
    expect(table.lookup('key1')).toBe('value one')
    writeFileSync(path, contentOf('after'), { flag: 'r+' })
    expect(table.lookup('key1')).toBe('changed')
    expect(table.lookup('key2')).toBe('two')
  })

  it('is followed within a second when another takes its place', async () => {
    const { table, clock, warnings } = open('one')
    replace('ten')
    await clock.run(999)
    expect(table.lookup('key1')).toBe('value one')
    await clock.run(1000)
    expect(table.lookup('key1')).toBeUndefined()
    expect(table.lookup('k1')).toBe('v1')
    expect(warnings).toEqual([])
  })

  it('is read anew within a second when another is copied over it', async () => {
    const { table, clock } = open('ten')
    expect(table.lookup('k1')).toBe('v1')
    const content = contentOf('ten')
    content[content.indexOf('v1')] = 0x77
    writeFileSync(path, content, { flag: 'r+' })
    await clock.run(1000)
    expect(table.lookup('k1')).toBe('w1')
  })

  it.skipIf(!existsSync('/proc/self/fd'))('is closed when another takes its place', async () => {
    const { table, clock } = open('one')
    for (const timeMs of [1000, 2000, 3000]) {
      replace('ten')
      await clock.run(timeMs)
      expect(table.lookup('k1')).toBe('v1')
    }
    expect(descriptors()).toBe(1)
    table.close()
    expect(descriptors()).toBe(0)
  })

  it('stays in use, with one warning, while what takes its place cannot be opened', async () => {
    const { table, clock, warnings } = open('one')
    unlinkSync(path)
    for (const timeMs of [1000, 2000, 3000]) {
      await clock.run(timeMs)
      expect(table.lookup('key1')).toBe('value one')
    }
    const problem = `open database ${path}: No such file or directory`
    expect(warnings).toEqual([`${problem}; lmdb:${name} uses the file it had before`])
    replace('ten')
    await clock.run(4000)
    expect(table.lookup('k1')).toBe('v1')
  })

  it('is an error of each lookup when it is cut off, and mends when it is', async () => {
    const { table, clock, warnings } = open('deep')
    const reading = `error reading lmdb:${name}: ${path}`
    truncateSync(path, 8192)
    const error = {
      code: 'lookup-failed',
      item: `lmdb:${name}`,
      message: `${reading}: page 15 at byte 61440: beyond the end of the file`,
    }
    expect(() => table.lookup('key1')).toThrow(expect.objectContaining(error))
    expect(warnings).toEqual([error.message])
    writeFileSync(path, contentOf('deep'), { flag: 'r+' })
    expect(table.lookup('longer')).toBe('w'.repeat(3000))
    truncateSync(path, 100)
    await clock.run(1000)
    expect(() => table.lookup('longer')).toThrow(/: meta pages are cut off$/)
  })

  function replace(file: string): void {
    writeFileSync(`${path}.new`, contentOf(file))
    renameSync(`${path}.new`, path)
  }
})

function descriptors(): number {
  const links = readdirSync('/proc/self/fd').map((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`)
    } catch {
      return '' // That of the directory itself.
    }
  })
  return links.filter((link) => link.startsWith(path)).length
}

describe('openLmdbTable', () => {
  it.each([
    ['nothing', undefined, 'No such file or directory'],
    ['empty', Buffer.alloc(0), 'no LMDB 0.9 meta page'],
    ['text', Buffer.from('key value\n'.repeat(1000)), 'no LMDB 0.9 meta page'],
    ['version', patched(20, 2), 'data version must be 1, not 2'],
    ['page size', patched(41, 0x11), 'page size 4352 is not a power of 2 up to 65536'],
    ['flags', patched(92, 4), 'main database has unsupported flags 4'],
    ['depth', patched(94, 33), 'tree of 33 levels'],
    ['kind', patched(10, 2), 'not a meta page'],
  ])('G-51: does not open a file that is wrong: %s', (_, content, reason) => {
    const wrong = join(directory, 'wrong')
    rmSync(`${wrong}.lmdb`, { force: true })
    if (content !== undefined) writeFileSync(`${wrong}.lmdb`, content)
    const message = `open database ${wrong}.lmdb: ${reason}`
    const error = { code: 'unavailable', item: `lmdb:${wrong}`, message }
    const context = tableContext(new VirtualClock(), [])
    expect(() => openLmdbTable(wrong, context)).toThrow(expect.objectContaining(error))
  })

  it('G-51: does not open a directory', () => {
    mkdirSync(join(directory, 'folder.lmdb'))
    const context = tableContext(new VirtualClock(), [])
    expect(() => openLmdbTable(join(directory, 'folder'), context)).toThrow(/: Is a directory$/)
  })

  it('closes its file, and fails from then on', () => {
    const { table } = open('one')
    table.close()
    table.close()
    expect(() => table.lookup('key1')).toThrow(/the table is closed$/)
  })

  it('G-53: values must be UTF-8 with SMTPUTF8', () => {
    const content = contentOf('one')
    content[content.indexOf('value')] = 0xff
    const { warnings } = open('one')
    table?.close()
    writeFileSync(path, content)
    table = openLmdbTable(name, tableContext(new VirtualClock(), warnings))
    expect(() => table?.lookup('key1')).toThrow(/lookup error: non-UTF-8 value$/)
    const reason = 'malformed UTF-8 or invalid codepoint'
    expect(warnings).toEqual([`lmdb:${name}: key "key1": non-UTF-8 value "?alue one": ${reason}`])
    table.close()
    table = openLmdbTable(name, tableContext(new VirtualClock(), [], { smtputf8: false }))
    expect(table.lookup('key1')).toBe('\udcffalue one')
  })
})

/** The file with one entry, with another byte in its first meta page. */
function patched(at: number, byte: number): Buffer {
  const content = contentOf('one')
  content[at] = byte
  return content
}
