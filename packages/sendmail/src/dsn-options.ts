const NOTIFY: Readonly<Record<string, number>> = { never: 1, success: 2, failure: 4, delay: 8 }
const NEVER = 1
const RETURN: Readonly<Record<string, number>> = { full: 1, hdrs: 2 }
const MOST_ID_BYTES = 100

/** The words of NOTIFY as flags of F-39; undefined if they make no sense. */
export function notifyFlags(words: readonly string[]): number | undefined {
  if (words.some((word) => !isNotifyWord(word))) return undefined
  const flags = words.reduce((sum, word) => sum | (NOTIFY[word.toLowerCase()] ?? 0), 0)
  return flags === NEVER || (flags !== 0 && (flags & NEVER) === 0) ? flags : undefined
}

/** RET as flags of F-39; undefined for another word. */
export function returnFlags(word: string): number | undefined {
  return Object.hasOwn(RETURN, word.toLowerCase()) ? RETURN[word.toLowerCase()] : undefined
}

/** What keeps a text from being an envelope id. */
export function envelopeIdProblem(id: string): 'too long' | 'bad syntax' | undefined {
  if (Buffer.byteLength(id) > MOST_ID_BYTES) return 'too long'
  return /^[\x20-\x7e]*$/.test(id) ? undefined : 'bad syntax'
}

/** The argument of `-N`. @returns flags of F-39; 0 for what is ignored. */
export function parseNotify(list: string, warn: (text: string) => void): number {
  const words = list.split(/[ \t\r\n,]+/).filter((word) => word !== '')
  const unknown = words.find((word) => !isNotifyWord(word))
  if (unknown !== undefined) {
    warn(`unknown DSN NOTIFY command value "${unknown}" in "${list}"`)
  }
  const flags = notifyFlags(words)
  if (flags === undefined) warn('bad -N option value -- ignored')
  return flags ?? 0
}

/** The argument of `-R`. @returns flags of F-39; 0 for what is ignored. */
export function parseReturn(word: string, warn: (text: string) => void): number {
  const flags = returnFlags(word)
  if (flags === undefined) warn('bad -R option value -- ignored')
  return flags ?? 0
}

/** The argument of `-V`. @returns empty for what is ignored. */
export function parseEnvelopeId(id: string, warn: (text: string) => void): string {
  const problem = envelopeIdProblem(id)
  if (problem === undefined) return id
  warn(`${problem === 'too long' ? problem : `${problem} in`} -V option value -- ignored`)
  return ''
}

function isNotifyWord(word: string): boolean {
  return Object.hasOwn(NOTIFY, word.toLowerCase())
}
