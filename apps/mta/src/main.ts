import { ConfigError, explainError } from '@posthouse/config'

import { CommandError } from './command-error.ts'
import { parseCommandLine, parseToolCommandLine } from './command-line.ts'
import { TOOLS } from './tools/tools.ts'

try {
  const [calledAs = '', ...args] = process.argv.slice(1)
  const call = parseToolCommandLine(calledAs, args, process.env)
  if (call !== undefined) {
    const tool = await TOOLS[call.name]?.()
    process.exitCode = (await tool?.(call)) ?? 0
  } else {
    const { command, configDirectory } = parseCommandLine(args, process.env)
    const { RUN } = await import('./commands.ts')
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
