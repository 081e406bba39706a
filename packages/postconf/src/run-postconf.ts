import { ConfigError } from '@posthouse/config'
import { tableTypes } from '@posthouse/lookup-table'
import { encodeAddress } from '@posthouse/mail-address'

import { type CommandLine, parseCommandLine } from './command-line.ts'
import { editFiles } from './edit-files.ts'
import { PostconfError } from './errors.ts'
import type { PostconfPorts, Printer } from './ports.ts'
import { showFiles } from './show-files.ts'
import { showTemplates } from './show-templates.ts'

// Everything but printable ASCII: it could be a command to the terminal.
const UNPRINTABLE = /[^\x20-\x7e]/g

/**
 * Runs postconf(1): shows, queries or edits main.cf and master.cf (G-36, G-49).
 *
 * @param args Without the name of the command.
 * @returns the exit status: 1 after a fatal error, which is on `stderr`.
 */
export function runPostconf(args: readonly string[], ports: PostconfPorts): number {
  const printer = printerOf(ports)
  try {
    return run(parseCommandLine(args), ports, printer)
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const warning of new Set(error.warnings)) printer.warning(warning)
      // One that names the file already, in the words of Postfix, or the macro of some value.
      printer.note(`fatal: ${error.code === 'macro' ? 'macro processing error' : error.message}`)
      return 1
    }
    if (!(error instanceof PostconfError)) throw error
    if (error.notice !== undefined) printer.note(error.notice)
    printer.note(`fatal: ${error.message}`)
    return 1
  }
}

function run(commandLine: CommandLine, ports: PostconfPorts, printer: Printer): number {
  const { mode, edit, tlsMode } = commandLine
  switch (mode) {
    // No SASL plug-ins on either side, and no delivery to mailboxes that would need a lock.
    case 'a':
    case 'A':
    case 'l':
      return 0
    case 'b':
    case 't':
      return showTemplates({ ...commandLine, mode }, ports, printer)
    case 'm':
      for (const type of tableTypes) printer.line(type)
      return 0
    case 'T':
      return printTls(tlsMode, ports, printer)
    case 'F':
    case 'M':
    case 'p':
    case 'P':
      if (edit === undefined) showFiles({ ...commandLine, mode }, ports, printer)
      else editFiles({ ...commandLine, mode, edit }, ports, printer)
      return 0
  }
}

function printTls(mode: string, ports: PostconfPorts, printer: Printer): number {
  const { opensslVersion, publicKeyAlgorithms } = ports
  switch (mode) {
    case 'compile-version':
    case 'run-version':
      printer.line(`OpenSSL ${opensslVersion}`)
      return 0
    case 'public-key-algorithms':
      for (const name of publicKeyAlgorithms()) printer.line(name)
      return 0
    default:
      printer.warning(`unknown 'postconf -T' mode: ${mode}`)
      return 1
  }
}

function printerOf({ stdout, stderr }: PostconfPorts): Printer {
  const note = (text: string) => {
    const safe = encodeAddress(text).toString('latin1').replace(UNPRINTABLE, '?')
    stderr(Buffer.from(`postconf: ${safe}\n`, 'latin1'))
  }
  return {
    line: (text) => stdout(encodeAddress(`${text}\n`)),
    warning: (text) => note(`warning: ${text}`),
    note,
  }
}
