import { type Dir, type Dirent, lstatSync, opendirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { MailOwner } from '@posthouse/master'

import { MAIL_OWNER_DIRECTORIES } from './prepare-queue.ts'

const OTHERS_MAY_WRITE = 0o022

/** What is looked at, and whose it should be. */
export interface QueueInspection {
  readonly queueDirectory: string
  readonly configDirectory: string
  /** Undefined where the process does not change users: then no owner is expected. */
  readonly owner: MailOwner | undefined
  /** `setgid_group`; undefined if there is no such group. */
  readonly group: { readonly name: string; readonly id: number } | undefined
}

/**
 * What is odd about a queue directory but no reason not to start, in the words of `postfix check`
 * (F-22). Looks at directories, and not at the files of messages: there may be a million.
 */
export function queueWarnings(inspection: QueueInspection): string[] {
  const { queueDirectory, owner } = inspection
  const damaged = namesOf(join(queueDirectory, 'corrupt'), (entry) => entry.isFile()).map(
    (name) => `damaged message: corrupt/${name}`,
  )
  if (owner === undefined) return damaged
  return [
    ...rootWarnings(inspection),
    ...ownerWarnings(queueDirectory, owner),
    ...groupWarnings(inspection),
    ...damaged,
  ]
}

function rootWarnings({ queueDirectory, configDirectory }: QueueInspection): string[] {
  const configuration = ['', 'main.cf', 'master.cf'].map((name) => join(configDirectory, name))
  const paths = [queueDirectory, join(queueDirectory, 'pid'), ...configuration]
  return paths.flatMap((path) => {
    const status = statusOf(path)
    if (status === undefined) return []
    return [
      ...(status.uid === 0 ? [] : [`not owned by root: ${path}`]),
      ...((status.mode & OTHERS_MAY_WRITE) === 0 ? [] : [`group or other writable: ${path}`]),
    ]
  })
}

function ownerWarnings(queueDirectory: string, { name, userId }: MailOwner): string[] {
  const tops = [...MAIL_OWNER_DIRECTORIES, 'maildrop', 'public']
  const hashed = MAIL_OWNER_DIRECTORIES.flatMap((top) => directoriesBelow(queueDirectory, top))
  return [...tops, ...hashed]
    .map((relative) => join(queueDirectory, relative))
    .filter((path) => (statusOf(path)?.uid ?? userId) !== userId)
    .map((path) => `not owned by ${name}: ${path}`)
}

function groupWarnings({ queueDirectory, group }: QueueInspection): string[] {
  if (group === undefined) return []
  return ['public', 'maildrop']
    .map((name) => join(queueDirectory, name))
    .filter((path) => (statusOf(path)?.gid ?? group.id) !== group.id)
    .map((path) => `not owned by group ${group.name}: ${path}`)
}

/** Hash directories, which have names of one character (F-8). Others hold nothing that counts. */
function directoriesBelow(queueDirectory: string, relative: string): string[] {
  const isHash = (entry: Dirent): boolean => entry.isDirectory() && entry.name.length === 1
  return namesOf(join(queueDirectory, relative), isHash).flatMap((name) => {
    const below = join(relative, name)
    return [below, ...directoriesBelow(queueDirectory, below)]
  })
}

/** Some names of a directory that may have a million others. */
function namesOf(path: string, isWanted: (entry: Dirent) => boolean): string[] {
  const directory = openIfReadable(path)
  if (directory === undefined) return []
  const names: string[] = []
  for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
    if (isWanted(entry)) names.push(entry.name)
  }
  directory.closeSync()
  return names
}

// What is missing is made by a start, and what cannot be read is not for this user to judge.
function openIfReadable(path: string): Dir | undefined {
  try {
    return opendirSync(path, { bufferSize: 1024 })
  } catch {
    return undefined
  }
}

function statusOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}
