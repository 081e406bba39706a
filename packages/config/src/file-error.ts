const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOTEMPTY: 'Directory not empty',
  EEXIST: 'File exists',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  EIO: 'Input/output error',
}

/** The words of the C library for an error of `node:fs`, as log readers know them. */
export function fileErrorText(error: unknown): string {
  return TEXTS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
}

/** What failed: a directory can be opened, but not read. */
export function failedCall(error: unknown): 'open' | 'read' {
  const code = codeOf(error)
  return code === 'EISDIR' || code === 'EIO' ? 'read' : 'open'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
