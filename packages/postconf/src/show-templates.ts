import {
  ConfigError,
  type Environment,
  loadMainCf,
  parameters,
  readConfigText,
  type Settings,
} from '@posthouse/config'
import { encodeAddress } from '@posthouse/mail-address'

import type { CommandLine } from './command-line.ts'
import { settingsOf } from './configuration.ts'
import { usageError } from './errors.ts'
import type { BounceTemplateValues, PostconfPorts, Printer } from './ports.ts'

/** A command line that shows bounce templates. */
export interface TemplateCommand extends CommandLine {
  readonly mode: 'b' | 't'
}

const FILE = 'bounce_template_file'
const CONTROL = /[\x00-\x1f\x7f]/g
const NO_CHARACTER = /\p{Surrogate}/gu
const NON_ASCII = /[^\x00-\x7f]/gu

/**
 * Prints the bounce templates of a file, of `bounce_template_file`, or the built-in ones (F-80).
 * Messages about them have the name that bounce(8) has in the log.
 *
 * @returns the exit status
 * @throws {ConfigError} main.cf; {@link PostconfError} `usage`
 */
export function showTemplates(
  command: TemplateCommand,
  ports: PostconfPorts,
  printer: Printer,
): number {
  const { environment } = ports
  const settings = loadSettings(command, environment, printer)
  const smtputf8 = settings.parsed('smtputf8_enable', parameters.get('smtputf8_enable')!) === true
  const name = `${settings.expanded('syslog_name')}/bounce`
  const print = (text: string) => ports.stderr(printable(`${name}: ${text}`, smtputf8))
  try {
    // Checked for -t, too.
    const values = valuesOf(settings, smtputf8)
    const path = settings.expanded(FILE)
    const content = () => encodeAddress(readConfigText(path, environment.readFile))
    const shown = ports.showBounceTemplates({
      file: path === '' ? undefined : { path, content: content() },
      values: command.mode === 'b' ? values : undefined,
    })
    for (const warning of new Set(shown.warnings)) print(`warning: ${warning}`)
    if (shown.error !== undefined) print(`fatal: ${shown.error}`)
    else ports.stdout(encodeAddress(shown.text))
    return shown.error === undefined ? 0 : 1
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const warning of error.warnings) print(`warning: ${warning}`)
    print(`fatal: ${error.message}`)
    return 1
  }
}

function loadSettings(command: TemplateCommand, environment: Environment, printer: Printer) {
  const { mode, operands } = command
  if (operands.length > 1) throw usageError('options -b and -t require at most one template file')
  const directory = command.configDirectory ?? environment.configDirectory
  const mainCf = loadMainCf(directory, environment.readFile)
  for (const warning of new Set(mainCf.warnings)) printer.warning(warning)
  const serviceName = mode === 'b' ? 'expand_templates' : 'dump_templates'
  return settingsOf(
    mainCf,
    { ...environment, configDirectory: directory, processName: 'bounce', serviceName },
    // A path, and not a value with macros.
    operands.map((path) => [FILE, path.replaceAll('$', '$$$$')] as const),
  )
}

function valuesOf(settings: Settings, smtputf8: boolean): BounceTemplateValues {
  const isSet = (name: string) => settings.unexpanded(name) !== undefined
  return {
    parameter: (name) => (isSet(name) ? settings.expanded(name) : undefined),
    delayWarningTimeSeconds: secondsOf(settings, 'delay_warning_time'),
    maximalQueueLifetimeSeconds: secondsOf(settings, 'maximal_queue_lifetime'),
    smtputf8,
  }
}

function secondsOf(settings: Settings, name: string): number {
  return Number(settings.parsed(name, parameters.get(name)!)) / 1000
}

/** A line of a message, with nothing that could be a command to the terminal. */
function printable(text: string, smtputf8: boolean): Uint8Array {
  const safe = text.replace(NO_CHARACTER, '?').replace(CONTROL, '?')
  const bytes = (character: string) => '?'.repeat(Buffer.byteLength(character))
  return Buffer.from(`${smtputf8 ? safe : safe.replace(NON_ASCII, bytes)}\n`)
}
