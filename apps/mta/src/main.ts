import { ConfigError, explainError } from '@posthouse/config'

import { type Command, parseCommandLine, parsePostconfCommandLine } from './command-line.ts'
import { CommandError, check, flush, reload, start, status, stop } from './control.ts'
import { runPostconfCommand } from './postconf.ts'
import { rotateLog } from './rotate-log.ts'
import { startForeground } from './start-foreground.ts'

const RUN: Record<Command, (configDirectory: string) => Promise<void>> = {
  'start-fg': startForeground,
  start,
  stop,
  reload,
  flush,
  status,
  check,
  logrotate: rotateLog,
}

try {
  const args = process.argv.slice(2)
  const postconf = parsePostconfCommandLine(args, process.env)
  if (postconf !== undefined) runPostconfCommand(postconf)
  else {
    const { command, configDirectory } = parseCommandLine(args, process.env)
    await RUN[command](configDirectory)
  }
} catch (error) {
  // What is meant for the operator has a name of its own; a bug is shown whole.
  const isBug = error instanceof TypeError || error instanceof RangeError
  const text = error instanceof Error ? (isBug ? error.stack : error.message) : error
  const isConfig = error instanceof ConfigError
  const warnings = isConfig ? error.warnings : []
  for (const warning of warnings) console.error(`posthouse: warning: ${warning}`)
  console.error(`posthouse: fatal: ${text}`)
  const explanation = isConfig ? explainError(error) : undefined
  if (explanation !== undefined) console.error(`posthouse: ${explanation}`)
  process.exit(error instanceof CommandError ? error.exitStatus : 1)
}
