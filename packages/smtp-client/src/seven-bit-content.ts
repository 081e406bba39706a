import { Downgrade, type MimeStreamOptions } from '@posthouse/mime-stream'

import type { SmtpDelivery } from './request.ts'

type Content = SmtpDelivery['content']

/** How much of a message's structure is followed. */
export type MimeLimits = Omit<MimeStreamOptions, 'disableMimeInputProcessing'>

/** Parts are nested too deep to be converted, so the message cannot be sent (C-167). */
export class MimeNestingError extends Error {
  override readonly name = 'MimeNestingError'
}

/**
 * The content for a server without 8BITMIME: what says that it is 8-bit becomes quoted-printable
 * (C-164 to C-168). Reading it throws MimeNestingError where the parts become too many to follow.
 */
export function sevenBitContent(content: Content, limits: MimeLimits): Content {
  return () => {
    const source = content()
    const conversion = new Conversion(limits)
    return Symbol.iterator in source
      ? converted(source, conversion)
      : convertedStream(source, conversion)
  }
}

class Conversion {
  readonly #downgrade: Downgrade
  #pieces: Uint8Array[] = []
  #isStopped = false

  constructor(limits: MimeLimits) {
    this.#downgrade = new Downgrade(limits, ({ kind, raw }) => {
      if (!this.#isStopped) this.#pieces.push(raw)
      // From here on, parts would be sent as they are.
      if (kind === 'end-of-headers') this.#isStopped = this.#downgrade.errors.has('nesting')
    })
  }

  /** What to send for a chunk; undefined for the end. To be used before the chunk changes. */
  *push(chunk: Uint8Array | undefined): Generator<Uint8Array, void, void> {
    if (chunk === undefined) this.#downgrade.end()
    else this.#downgrade.push(chunk)
    const pieces = this.#pieces
    this.#pieces = []
    yield* pieces
    if (this.#isStopped) throw new MimeNestingError('MIME nesting exceeds safety limit')
  }
}

function* converted(
  source: Iterable<Uint8Array>,
  conversion: Conversion,
): Generator<Uint8Array, void, void> {
  for (const chunk of source) yield* conversion.push(chunk)
  yield* conversion.push(undefined)
}

async function* convertedStream(
  source: AsyncIterable<Uint8Array>,
  conversion: Conversion,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of source) yield* conversion.push(chunk)
  yield* conversion.push(undefined)
}
