const NOTIFY: Readonly<Record<string, number>> = { never: 1, success: 2, failure: 4, delay: 8 }
const NEVER = 1
const RETURN: Readonly<Record<string, number>> = { full: 1, hdrs: 2 }
const MOST_ID_BYTES = 100

/** The argument of `-N`. @returns flags of F-39; 0 for what is ignored. */
export function parseNotify(list: string, warn: (text: string) => void): number {
  const words = list.split(/[ \t\r\n,]+/).filter((word) => word !== '')
  const unknown = words.find((word) => !Object.hasOwn(NOTIFY, word.toLowerCase()))
  if (unknown !== undefined) {
    warn(`unknown DSN NOTIFY command value "${unknown}" in "${list}"`)
  } else {
    const flags = words.reduce((sum, word) => sum | (NOTIFY[word.toLowerCase()] ?? 0), 0)
    if (flags === NEVER || (flags !== 0 && (flags & NEVER) === 0)) return flags
  }
  warn('bad -N option value -- ignored')
  return 0
}

/** The argument of `-R`. @returns flags of F-39; 0 for what is ignored. */
export function parseReturn(word: string, warn: (text: string) => void): number {
  const flags = Object.hasOwn(RETURN, word.toLowerCase()) ? RETURN[word.toLowerCase()] : undefined
  if (flags === undefined) warn('bad -R option value -- ignored')
  return flags ?? 0
}

/** The argument of `-V`. @returns empty for what is ignored. */
export function parseEnvelopeId(id: string, warn: (text: string) => void): string {
  if (Buffer.byteLength(id) > MOST_ID_BYTES) {
    warn('too long -V option value -- ignored')
    return ''
  }
  if (/^[\x20-\x7e]*$/.test(id)) return id
  warn('bad syntax in -V option value -- ignored')
  return ''
}
