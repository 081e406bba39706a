import type { CommandLine, EditAction } from './command-line.ts'
import { type Edited, editMainCf, parseMainEdit } from './edit-main.ts'
import { editEntries, editServices, parseEntryEdit, parseServiceEdit } from './edit-master.ts'
import type { PostconfPorts, Printer } from './ports.ts'

/** A command line that changes one of the files. */
export interface EditCommand extends CommandLine {
  readonly mode: 'F' | 'M' | 'p' | 'P'
  readonly edit: EditAction
}

/** Changes main.cf or master.cf. @throws {PostconfError} */
export function editFiles(command: EditCommand, ports: PostconfPorts, printer: Printer): void {
  const directory = command.configDirectory ?? ports.environment.configDirectory
  const file = `${directory}/${command.mode === 'p' ? 'main.cf' : 'master.cf'}`
  const edit = editorOf(command, file)
  let warnings: readonly string[] = []
  if (command.isVerbose) printer.note(`edit ${file}`)
  ports.replaceFile(file, (content) => {
    const edited = edit(content)
    warnings = edited.warnings
    return edited.content
  })
  for (const warning of new Set(warnings)) printer.warning(warning)
}

// Operands are read before anything is opened.
function editorOf(command: EditCommand, file: string): (content: Uint8Array) => Edited {
  const { mode, edit: action, operands } = command
  if (mode === 'p') {
    const edit = parseMainEdit(action, operands)
    return (content) => editMainCf(content, edit, file)
  }
  if (mode === 'M') {
    const edit = parseServiceEdit(action, operands)
    return (content) => editServices(content, edit)
  }
  const edit = parseEntryEdit(mode, action, operands)
  return (content) => editEntries(content, edit, file)
}
