import { closeSync, fsyncSync, openSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const NAME = 'quick-start'

/** Has the next start leave out the checks of the queue (F-22). Only after an orderly end. */
export function requestQuickStart(queueDirectory: string): void {
  writeFileSync(join(queueDirectory, NAME), '')
}

/**
 * Whether the checks of the queue are to be left out, once. That the file is gone is made durable:
 * after a crash it must not come back.
 */
export function takeQuickStart(queueDirectory: string): boolean {
  try {
    unlinkSync(join(queueDirectory, NAME))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  const directory = openSync(queueDirectory, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
  return true
}
