import { ConfigError, type MasterService } from '@posthouse/config'
import type { PrependedHeader } from '@posthouse/smtp-client'

/** What `flags=` in master.cf asks of smtp(8) (C-175). */
export interface ServiceFlags {
  readonly prependedHeaders: ReadonlySet<PrependedHeader>
  /** X: servers put messages where they belong. */
  readonly isFinal: boolean
}

const ATTRIBUTE = 'flags='
const HEADERS: ReadonlyMap<string, PrependedHeader> = new Map([
  ['D', 'Delivered-To'],
  ['O', 'X-Original-To'],
  ['R', 'Return-Path'],
])
const FINAL = 'X'

/**
 * Of repeated flags the last count, as in Postfix.
 *
 * @throws {ConfigError} An argument is neither an option nor `flags=` with known letters.
 */
export function serviceFlags(service: MasterService): ServiceFlags {
  let letters: readonly string[] = []
  for (const argument of attributes(service.args)) {
    if (!argument.startsWith(ATTRIBUTE)) throw refusal(service, 'unknown attribute', argument)
    letters = [...argument.slice(ATTRIBUTE.length)]
    const unknown = letters.find((letter) => letter !== FINAL && !HEADERS.has(letter))
    if (unknown !== undefined) throw refusal(service, `unknown flag "${unknown}" in`, argument)
  }
  const headers = letters.flatMap((letter) => HEADERS.get(letter) ?? [])
  return { prependedHeaders: new Set(headers), isFinal: letters.includes(FINAL) }
}

/** What follows the options. */
function attributes(args: readonly string[]): readonly string[] {
  let at = 0
  for (; args[at]?.startsWith('-'); at++) {
    if (args[at] === '-o') at++
  }
  return args.slice(at)
}

function refusal({ file, line, name }: MasterService, problem: string, value: string): ConfigError {
  const expected = 'options, then flags= and letters of DORX'
  const message = `${file}: line ${line}: service ${name}: ${problem} ${value}`
  return new ConfigError('syntax', message, { file, line, value, expected })
}
