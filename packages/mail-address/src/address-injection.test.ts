import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  decodeAddress,
  encodeAddress,
  formatAddressTokens,
  joinAddressTokens,
  quoteAddress,
  quoteHeaderAddress,
  tokenizeAddress,
  unquoteAddress,
} from './index.ts'

// Whatever a client calls an address: any bytes, with those that mean something often among them.
const pieces = fc.oneof(
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom('>', '<', '@', '"', '\\', '\r\n', '\n.\r\n', '\0', ' ', '(', ')', ',', ':', 'é')
    .map((text) => Buffer.from(text)),
  fc.constantFrom('> RCPT TO:<x@y', '"@x', '\\"@x', '[', ']', '@a,@b:').map((s) => Buffer.from(s)),
)
const anyAddress = fc.array(pieces, { maxLength: 8 }).map((parts) => Buffer.concat(parts))
const RUNS = { numRuns: 2000 }

/**
 * Reads a path as a strict SMTP server does (RFC 5321 4.1.2): a dot-string or a quoted string up to
 * the `@`. Undefined: it is neither, so that what follows would mean something else.
 */
function strictLocalPart(external: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\[\s\S])*)"(?=@|$)/.exec(external)
  if (quoted) return quoted[1]!.replace(/\\([\s\S])/g, '$1')
  return /^[^\x00-\x20\x7f()<>@,;:\\"[\].]+(?:\.[^\x00-\x20\x7f()<>@,;:\\"[\].]+)*(?=@|$)/.exec(
    external,
  )?.[0]
}

/** The local part as it is: all before the last `@`. */
function localPartOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? address : address.slice(0, at)
}

describe('whatever bytes an address is made of', () => {
  it('G-136, G-137: quoting and unquoting for SMTP give them back', () => {
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        const external = quoteAddress(decodeAddress(bytes))
        expect(encodeAddress(unquoteAddress(external))).toEqual(bytes)
        // The bytes of the command say the same to somebody who reads bytes.
        expect(quoteAddress(decodeAddress(bytes))).toBe(decodeAddress(encodeAddress(external)))
      }),
      RUNS,
    )
  })

  it('Q-340, G-137: so do quoting for headers and unquoting, if there is no source route', () => {
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        const address = decodeAddress(bytes)
        fc.pre(!address.startsWith('@'))
        expect(unquoteAddress(quoteHeaderAddress(address))).toBe(address)
      }),
      RUNS,
    )
  })

  it('C-174, Q-340: a strict reader of the quoted form finds the same local part', () => {
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        const address = decodeAddress(bytes)
        fc.pre(address !== '' && !address.startsWith('@'))
        for (const external of [quoteAddress(address), quoteHeaderAddress(address)]) {
          expect(strictLocalPart(external)).toBe(localPartOf(address))
        }
      }),
      RUNS,
    )
  })

  it('Q-501, Q-523, G-138: what is put together of tokens breaks no line', () => {
    const external = fc.oneof(
      anyAddress.map(decodeAddress),
      anyAddress.map((bytes) => quoteHeaderAddress(decodeAddress(bytes))),
      anyAddress.map((bytes) => `(${decodeAddress(bytes)}) a@[${decodeAddress(bytes)}`),
    )
    fc.assert(
      fc.property(external, (text) => {
        const tokens = tokenizeAddress(text)
        expect(joinAddressTokens(tokens)).not.toMatch(/[\t-\r]/)
        expect(formatAddressTokens(tokens)).not.toMatch(/[\t-\r]/)
      }),
      RUNS,
    )
  })
})
