import type { Command } from './command-line.ts'
import { check, flush, quickStop, reload, start, status, stop } from './control.ts'
import { rotateLog } from './rotate-log.ts'
import { startForeground } from './start-foreground.ts'

/** What each command of `posthouse` does. */
export const RUN: Readonly<Record<Command, (configDirectory: string) => Promise<void>>> = {
  'start-fg': startForeground,
  start,
  stop,
  'quick-stop': quickStop,
  reload,
  flush,
  status,
  check,
  logrotate: rotateLog,
}
