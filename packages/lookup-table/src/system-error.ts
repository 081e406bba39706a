// Node words these differently from the C library, whose words are in Postfix's logs.
const TEXTS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'Permission denied'],
  ['EISDIR', 'Is a directory'],
  ['ELOOP', 'Too many levels of symbolic links'],
  ['EMFILE', 'Too many open files'],
  ['ENAMETOOLONG', 'File name too long'],
  ['ENOENT', 'No such file or directory'],
  ['ENOTDIR', 'Not a directory'],
])

/** Why a file could not be read, as Postfix says it: `open file /x: No such file or directory`. */
export function fileErrorText(path: string, error: unknown): string {
  return `${codeOf(error) === 'EISDIR' ? 'read' : 'open'} file ${path}: ${systemErrorText(error)}`
}

/** A system error in the words of the C library; the text of any other error. */
export function systemErrorText(error: unknown): string {
  return TEXTS.get(codeOf(error)) ?? messageOf(error)
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
