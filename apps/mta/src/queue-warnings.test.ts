import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { MAIL_OWNER_DIRECTORIES, prepareQueue } from './prepare-queue.ts'
import { queueWarnings } from './queue-warnings.ts'

let directory: string
let queueDirectory: string
let configDirectory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'queue-warnings-'))
  queueDirectory = join(directory, 'queue')
  configDirectory = join(directory, 'conf')
  mkdirSync(configDirectory, { mode: 0o755 })
  prepareQueue(queueDirectory, undefined, undefined)
  mkdirSync(join(queueDirectory, 'deferred/A'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** As if whoever runs the test were the wrong one, or the right one. */
function warnings(isOwner: boolean): string[] {
  const { uid, gid } = lstatSync(queueDirectory)
  const other = isOwner ? 0 : 1
  return queueWarnings({
    queueDirectory,
    configDirectory,
    owner: { name: 'postfix', userId: uid + other, groupId: gid },
    group: { name: 'postdrop', id: gid + other },
  }).map((line) => line.replace(queueDirectory, 'QUEUE').replace(configDirectory, 'CONF'))
}

describe('F-22: queueWarnings', () => {
  it('says whom directories should belong to, hash directories too', () => {
    const owned = [...MAIL_OWNER_DIRECTORIES, 'maildrop', 'public', 'deferred/A']
    expect(warnings(false).filter((line) => !line.includes('root'))).toEqual([
      ...owned.map((name) => `not owned by postfix: QUEUE/${name}`),
      'not owned by group postdrop: QUEUE/public',
      'not owned by group postdrop: QUEUE/maildrop',
    ])
    expect(warnings(true).filter((line) => !line.includes('root'))).toEqual([])
  })

  it('says what root alone should be able to change', () => {
    chmodSync(join(queueDirectory, 'pid'), 0o775)
    writeFileSync(join(configDirectory, 'main.cf'), '')
    chmodSync(join(configDirectory, 'main.cf'), 0o646)
    expect(warnings(true).filter((line) => line.includes('writable'))).toEqual([
      'group or other writable: QUEUE/pid',
      'group or other writable: CONF/main.cf',
    ])
  })

  it('names damaged messages', () => {
    writeFileSync(join(queueDirectory, 'corrupt/0ABCDEF1234'), '')
    const inspection = { queueDirectory, configDirectory, owner: undefined, group: undefined }
    expect(queueWarnings(inspection)).toEqual(['damaged message: corrupt/0ABCDEF1234'])
  })
})
