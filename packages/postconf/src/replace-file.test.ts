import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { PostconfError, replaceFile } from './index.ts'

const nobodyElse = () => undefined

describe('G-36: replaceFile', () => {
  let directory: string
  let path: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'posthouse-postconf-'))
    path = join(directory, 'main.cf')
    writeFileSync(path, 'old')
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const append = (text: string) => (content: Uint8Array) =>
    Buffer.concat([content, Buffer.from(text)])

  it('replaces the file as a whole, and keeps its mode', () => {
    chmodSync(path, 0o640)
    const old = join(directory, 'old')
    linkSync(path, old)
    replaceFile(path, append(' and new'), nobodyElse)
    expect(readFileSync(path, 'utf8')).toBe('old and new')
    expect(readFileSync(old, 'utf8')).toBe('old')
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect(existsSync(`${path}.tmp`)).toBe(false)
  })

  it('does not take over what an interrupted edit has left', () => {
    writeFileSync(`${path}.tmp`, 'a longer text that was never renamed')
    replaceFile(path, append('!'), nobodyElse)
    expect(readFileSync(path, 'utf8')).toBe('old!')
  })

  it('leaves the file alone when the edit fails', () => {
    const failing = () => {
      throw new Error('no')
    }
    expect(() => replaceFile(path, failing, nobodyElse)).toThrow('no')
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(existsSync(`${path}.tmp`)).toBe(false)
  })

  it('says which file cannot be opened, in the words of Postfix', () => {
    rmSync(path)
    const missing = new PostconfError('file', `open ${path} for reading: No such file or directory`)
    expect(() => replaceFile(path, append(''), nobodyElse)).toThrow(missing)
    mkdirSync(`${path}.tmp`)
    const directory = new PostconfError('file', `open ${path}.tmp: Is a directory`)
    expect(() => replaceFile(path, append(''), nobodyElse)).toThrow(directory)
  })

  it('does not write through a link in the place of the temporary file', () => {
    const victim = join(directory, 'victim')
    writeFileSync(victim, 'precious')
    symlinkSync(victim, `${path}.tmp`)
    expect(() => replaceFile(path, append(''), nobodyElse)).toThrow(`open ${path}.tmp:`)
    expect(readFileSync(victim, 'utf8')).toBe('precious')
  })

  it('starts over when another one has replaced the file while it waited for the lock', () => {
    let isFirst = true
    replaceFile(path, append(' second'), () => {
      if (!isFirst) return
      isFirst = false
      rmSync(`${path}.tmp`)
      writeFileSync(path, 'first')
    })
    expect(readFileSync(path, 'utf8')).toBe('first second')
  })

  it.runIf(process.getuid?.() === 0)('keeps the owner', () => {
    spawnSync('chown', ['65534:65534', path])
    replaceFile(path, append('!'), nobodyElse)
    expect(statSync(path)).toMatchObject({ uid: 65534, gid: 65534 })
  })
})
