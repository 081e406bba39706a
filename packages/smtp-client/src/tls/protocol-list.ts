import { constants } from 'node:crypto'

/** Protocol versions as `node:tls` takes them. */
export interface ProtocolRange {
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  /** `SSL_OP_NO_…` for the versions between that are left out. */
  readonly secureOptions: number
}

interface Version {
  readonly name: ProtocolRange['minVersion']
  readonly code: number
  readonly off: number
}

const VERSIONS: readonly Version[] = [
  { name: 'TLSv1', code: 0x301, off: constants.SSL_OP_NO_TLSv1 },
  { name: 'TLSv1.1', code: 0x302, off: constants.SSL_OP_NO_TLSv1_1 },
  { name: 'TLSv1.2', code: 0x303, off: constants.SSL_OP_NO_TLSv1_2 },
  { name: 'TLSv1.3', code: 0x304, off: constants.SSL_OP_NO_TLSv1_3 },
]
// Versions that no OpenSSL speaks any more: naming them is no error.
const ANCIENT: ReadonlyMap<string, number> = new Map([
  ['sslv2', 0x2],
  ['sslv3', 0x300],
])
const ELEMENT = /^(>=|<=|!?)\s*(\S+)$/

/**
 * Reads a list such as `>=TLSv1, !TLSv1.1` (C-140): bounds, versions left out, and versions that
 * leave out all others.
 *
 * @returns undefined if it cannot be read, or leaves nothing.
 */
export function parseProtocolList(text: string): ProtocolRange | undefined {
  let enabled = [...VERSIONS]
  const named: number[] = []
  const elements = text
    .replace(/([<>]=|!)\s+/g, '$1')
    .split(/[\s,:]+/)
    .filter((element) => element !== '')
  for (const element of elements) {
    const [, operator, word = ''] = ELEMENT.exec(element) ?? []
    const code = versionCode(word, operator === '>=' || operator === '<=')
    if (code === undefined) return undefined
    if (operator === '') named.push(code)
    else enabled = enabled.filter((version) => isKept(version.code, operator, code))
  }
  if (named.length > 0) enabled = enabled.filter(({ code }) => named.includes(code))
  const [first] = enabled
  const last = enabled.at(-1)
  if (first === undefined || last === undefined) return undefined
  const holes = VERSIONS.filter(
    (version) =>
      version.code > first.code && version.code < last.code && !enabled.includes(version),
  )
  const secureOptions = holes.reduce((sum, { off }) => sum | off, 0)
  return { minVersion: first.name, maxVersion: last.name, secureOptions }
}

/** Whether `smtp_tls_protocols` may have this value. */
export function isProtocolList(text: string): boolean {
  return parseProtocolList(text) !== undefined
}

function isKept(version: number, operator: string | undefined, code: number): boolean {
  if (operator === '>=') return version >= code
  if (operator === '<=') return version <= code
  return version !== code
}

function versionCode(word: string, numeric: boolean): number | undefined {
  if (numeric && /^(0x)?[0-9a-f]{1,4}$/i.test(word)) return Number.parseInt(word, 16)
  const name = word.toLowerCase()
  const known = VERSIONS.find((version) => version.name.toLowerCase() === name)
  return known?.code ?? ANCIENT.get(name)
}
