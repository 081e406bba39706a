import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '@posthouse/config'

import { loadMainConfig } from '../load-configuration.ts'
import { stderrLog } from './stderr-log.ts'
import type { ToolCall } from './tool-call.ts'

const SET_GID = 0o2000

/** A program of `command_directory` that ordinary users reach the queue with. */
export interface SetGidProgram {
  readonly path: string
  readonly isExecutable: boolean
  /** Why it will not do, in words; undefined if it will. */
  readonly problem: string | undefined
}

/** Looks for `postdrop` or `postqueue` in `command_directory`. */
export function findSetGidProgram(name: string, config: Config): SetGidProgram {
  const path = join(config.command_directory, name)
  const status = statSync(path, { throwIfNoEntry: false })
  if (status === undefined) return { path, isExecutable: false, problem: 'no such file' }
  if (!isAllowed(path, constants.X_OK)) {
    return { path, isExecutable: false, problem: 'this user may not execute it' }
  }
  const problem = (status.mode & SET_GID) === 0 ? 'it is not set-gid' : undefined
  return { path, isExecutable: true, problem }
}

/** access(2): for the user who called, whatever the group of this program. */
export function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** Whether this process has a group that its user has not. */
export function isSetGid(): boolean {
  return process.getgid?.() !== process.getegid?.()
}

/** Runs another program in place of this one. @returns its exit status. */
export async function runInstead(
  { path }: Pick<SetGidProgram, 'path'>,
  args: readonly string[],
  configDirectory: string,
): Promise<number> {
  const env = { ...process.env, MAIL_CONFIG: resolve(configDirectory) }
  const child = spawn(path, args, { stdio: 'inherit', env })
  const [status] = await once(child, 'close')
  return typeof status === 'number' ? status : 1 // A signal that ended it ends this, too.
}

/**
 * The directory with main.cf that a tool is to use. Where it has a group that its user has not, a
 * main.cf of that user's own must not tell it what to do: it takes only directories that the
 * configuration it was installed for names (F-82).
 *
 * @param directory The argument of `-c`, if there is one.
 * @throws {Error} for another one.
 */
export function trustedDirectory(
  call: Pick<ToolCall, 'name' | 'configDirectory'>,
  directory: string | undefined,
): string {
  if (directory === undefined || process.getuid?.() === 0 || !isSetGid()) {
    return directory ?? call.configDirectory
  }
  const { alternate_config_directories: more, multi_instance_directories: instances } =
    loadMainConfig(call.configDirectory)
  if ([call.configDirectory, ...more, ...instances].includes(directory)) return directory
  stderrLog(call.name).error(`unauthorized configuration directory name: ${directory}`)
  throw new Error(
    `expected one that alternate_config_directories in ${call.configDirectory}/main.cf names`,
  )
}
