import { systemClock as clock } from '@posthouse/clock'
import { runQshape } from '@posthouse/qshape'
import { nodeFileSystem } from '@posthouse/queue-store'

import { loadSettings, queueDirectoryOf } from '../load-configuration.ts'
import { endQuietly } from './quiet-end.ts'
import type { ToolCall } from './tool-call.ts'

/** qshape(1). */
export function qshape(call: ToolCall): Promise<number> {
  endQuietly(0)
  return runQshape(call.args, {
    files: nodeFileSystem(() => clock.now()),
    now: () => clock.now(),
    queueDirectory: (directory = call.configDirectory) => queueDirectoryOf(loadSettings(directory)),
    isTerminal: process.stdout.isTTY === true,
    stdout: (bytes) => {
      process.stdout.write(bytes)
    },
    stderr: (bytes) => {
      process.stderr.write(bytes)
    },
  })
}
