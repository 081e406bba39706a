import type { ConfigError } from '@posthouse/config'

import { assignmentText } from './assignment-text.ts'
import type { CommandLine } from './command-line.ts'
import { type Configuration, loadConfiguration } from './configuration.ts'
import { fieldsOf, fieldText } from './field-text.ts'
import type { MasterEntry } from './master-entry.ts'
import { masterText } from './master-text.ts'
import type { PostconfPorts, Printer } from './ports.ts'
import { identityOf } from './service-pattern.ts'
import { selectParameters } from './show-main.ts'
import {
  expandEntry,
  type Selected,
  selectFields,
  selectServiceParameters,
  selectServices,
} from './show-master.ts'

/** A command line that shows something of the files. */
export interface ShowCommand extends CommandLine {
  readonly mode: 'F' | 'M' | 'p' | 'P'
}

/**
 * Prints what a command line asks for, and warnings about the files: those on parameters that
 * nothing uses last, as postconf(1) does.
 *
 * @throws {PostconfError} or {@link ConfigError}
 */
export function showFiles(command: ShowCommand, ports: PostconfPorts, printer: Printer): void {
  const { show, mode, overrides } = command
  const { environment, builtInDirectory } = ports
  const directory = command.configDirectory ?? environment.configDirectory
  const withoutMainCf = show === 'defaults'
  const configuration = loadConfiguration({
    directory,
    environment: {
      ...environment,
      configDirectory: withoutMainCf ? builtInDirectory : directory,
      processName: 'postconf',
      serviceName: '',
    },
    overrides,
    withoutMainCf,
    needsMasterCf: mode !== 'p',
  })
  if (command.isVerbose) printSettings(configuration, printer)
  for (const warning of new Set(configuration.warnings)) printer.warning(warning)
  const { items, warnings } = linesOf(command, configuration, ports)
  for (const warning of warnings) printer.warning(warning)
  for (const line of items) printer.line(line)
  if (withoutMainCf) return
  const { unusedInMainCf, unusedInMasterCf } = configuration.usage
  if (mode === 'p') for (const warning of unusedInMainCf.values()) printer.warning(warning)
  for (const warning of new Set(unusedInMasterCf)) printer.warning(warning)
}

function printSettings({ mainCf }: Configuration, printer: Printer): void {
  for (const { name, value, line } of mainCf.entries.values()) {
    printer.note(`${mainCf.file}, line ${line}: ${name} = ${value}`)
  }
}

function linesOf(
  command: ShowCommand,
  configuration: Configuration,
  ports: PostconfPorts,
): Selected<string> {
  const { entries, mainCf } = configuration
  const { isJson, isExpanded } = command
  const shown = (entry: MasterEntry) =>
    isExpanded ? expandEntry(entry, mainCf, ports.environment) : entry
  switch (command.mode) {
    case 'p': {
      const { parameters, warnings } = selectParameters(configuration, command)
      const line = ({ name, value }: { name: string; value: string }) =>
        isJson ? JSON.stringify({ name, value }) : assignmentText(name, value, command)
      return { items: parameters.map(line), warnings }
    }
    case 'M':
      return mapItems(selectServices(entries, command), (entry) =>
        isJson ? JSON.stringify(fieldsOf(shown(entry))) : masterText(shown(entry), command),
      )
    case 'F':
      return mapItems(selectFields(entries, command), ({ entry, field }) =>
        isJson
          ? placed(entry, { field, value: fieldsOf(shown(entry))[field] })
          : fieldText(shown(entry), field, command),
      )
    case 'P':
      return mapItems(
        selectServiceParameters(entries.map(shown), command),
        ({ entry, name, value }) =>
          isJson
            ? placed(entry, { parameter: name, value })
            : assignmentText(`${identityOf(entry).join('/')}/${name}`, value, command),
      )
  }
}

/** JSON of something that belongs to a service. */
function placed(entry: MasterEntry, content: Readonly<Record<string, string>>): string {
  const [service, type] = identityOf(entry)
  return JSON.stringify({ service, type, ...content })
}

function mapItems<Item>(
  { items, warnings }: Selected<Item>,
  text: (item: Item) => string,
): Selected<string> {
  return { items: items.map(text), warnings }
}
