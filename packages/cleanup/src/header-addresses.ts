import type { Later } from '@posthouse/lookup-table'
import { mapExternalAddresses, rewriteAddressList } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'

import type { AddressMapping, Warn } from './address-mapping.ts'

/** How addresses in headers are rewritten. */
export interface HeaderAddressOptions {
  /** `header_address_token_limit`. */
  readonly maxTokens: number
  /** Completes an address in external form. */
  readonly rewriteExternal: (address: string) => string
  /** Undefined: no maps. */
  readonly mapping: AddressMapping | undefined
  readonly log: Logger
  /** Takes warnings with the queue id. */
  readonly warn: Warn
}

/** Whose addresses a header has: the classes of Q-522. */
export type HeaderClass = 'header_sender' | 'header_recipient'

const WORD = "[\\w#$&'*+/=?^`{|}~-]+"
const ADDRESS = `${WORD}(?:\\.${WORD})*@[\\w-]+(?:\\.[\\w-]+)+`
const NAME = `(?:"[^"\\\\\\r\\n\\0]*"|\\w+(?: +\\w+)*)`
const MAILBOX = `(?:${ADDRESS}|(?:${NAME} *)?<${ADDRESS}>)`
// One or a few complete addresses, without anything that completion could change.
const COMPLETE = new RegExp(`^[ \\t]*${MAILBOX}(?:,\\s*${MAILBOX}){0,9}\\s*$`)
const MAX_COMPLETE_LENGTH = 1000

/**
 * Whether a header need not be read any further, which is so for nearly all: its addresses are
 * complete, and no map is for them.
 *
 * @param value In whatever encoding: such addresses are ASCII.
 */
export function isSettled(
  value: string,
  where: HeaderClass,
  mapping: AddressMapping | undefined,
): boolean {
  if (value.length > MAX_COMPLETE_LENGTH || mapping?.isFor(where) === true) return false
  return COMPLETE.test(value)
}

/**
 * Completes and maps the addresses of one header.
 *
 * @param name With its colon.
 * @param value What is behind it.
 * @returns the new header with its name; undefined if no address changed. Later if a map that was
 * asked answers later.
 * @throws {RefusalError} as a rejection
 */
export function rewriteHeader(
  name: string,
  value: string,
  where: HeaderClass,
  options: HeaderAddressOptions,
): Later<string | undefined> {
  const { maxTokens, rewriteExternal, mapping, log, warn } = options
  const tooMuch = (start: string): void => {
    log.warning(`stripping too many comments from address: ${start}...`)
  }
  return rewriteAddressList(name, value, { maxTokens, tooMuch }, (before) => {
    const complete = before.map((address) => (address === '' ? '' : rewriteExternal(address)))
    const changed = (after: readonly string[]): readonly string[] | undefined =>
      after.every((address, index) => address === before[index]) ? undefined : after
    if (mapping?.isFor(where) !== true) return changed(complete)
    return mapExternalAddresses(complete, async (address) => {
      const mapped = await mapping.map(address, where, warn)
      return mapped === address ? undefined : mapped
    }).then(changed)
  })
}
