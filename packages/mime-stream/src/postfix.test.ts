// What a real Postfix did with the same messages; see vectors/README.md.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { Downgrade } from './downgrade.ts'
import { MIME_ERRORS } from './mime-errors.ts'
import type { MimeEvent } from './mime-event.ts'
import { MimeStream, type MimeStreamOptions } from './mime-stream.ts'

interface Vector {
  readonly name: string
  readonly input: readonly string[]
  readonly checks: readonly string[]
  readonly output?: readonly string[]
  readonly strict?: string
  readonly bounced?: true
  readonly options?: Partial<MimeStreamOptions>
}

const DEFAULTS: MimeStreamOptions = {
  headerSizeLimit: 102_400,
  lineLengthLimit: 2048,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
  disableMimeInputProcessing: false,
}
// Those of every recorded message. Without them an input could not begin with any line.
const FIRST = 'Date: d\n'
const LETTERS = { header_checks: 'h', mime_header_checks: 'm', nested_header_checks: 'n' }

const read = (name: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'))
const vectors = read('postfix-3.7.11.json')
const textOf = ({ input }: Vector): Buffer =>
  Buffer.from(FIRST + input.map((line) => `${line}\n`).join(''), 'latin1')

describe('Q-540, Q-541: what header and body checks see', () => {
  it.each(vectors.filter(({ checks }) => checks.length > 0))('$name', (vector) => {
    const seen: string[] = []
    let body = ''
    const endBody = (): void => {
      for (const line of body.split('\n').slice(0, -1)) seen.push(...records(line))
      body = ''
    }
    const onEvent = (event: MimeEvent): void => {
      if (event.kind === 'body' || event.kind === 'boundary') body += event.raw.toString('latin1')
      else endBody()
      if (event.kind !== 'header') return
      seen.push(`${LETTERS[event.checks]} ${logged(event.text.toString('latin1'))}`)
    }
    const stream = new MimeStream({ ...DEFAULTS, ...vector.options }, onEvent)
    stream.push(textOf(vector))
    stream.end()
    endBody()
    expect(seen.slice(1)).toEqual(vector.checks)
  })
})

describe('Q-556: what strict_8bitmime and strict_mime_encoding_domain refuse', () => {
  it.each(vectors.filter(({ output }) => output !== undefined))('$name', (vector) => {
    const stream = new MimeStream({ ...DEFAULTS, ...vector.options }, () => undefined)
    stream.push(textOf(vector))
    stream.end()
    const found = MIME_ERRORS.find(
      ({ code }) => code !== 'truncated-header' && stream.errors.has(code),
    )
    expect(found?.text).toBe(vector.strict)
  })
})

describe('C-164 to C-168: what a server without 8BITMIME gets', () => {
  it.each(vectors.filter(({ output }) => output !== undefined))('$name', (vector) => {
    const downgrade = converted(vector, FIRST)
    expect(downgrade.errors.has('nesting')).toBe(vector.bounced === true)
    if (vector.bounced) return
    expect(downgrade.lines.slice(1)).toEqual(vector.output)
  })

  it.each(read('smtp-dialogues.json'))('dialogue $name', ({ input, output, ...vector }) => {
    const encode = (line: string): string => Buffer.from(line).toString('latin1')
    const options = vector.name === 'downgrade-nesting' ? { mimeNestingLimit: 3 } : {}
    const downgrade = converted({ ...vector, input: input.map(encode), options }, '')
    const isBounced = vector.name === 'downgrade-nesting'
    expect(downgrade.errors.has('nesting')).toBe(isBounced)
    const sent = output!.map(encode)
    expect(downgrade.lines.slice(0, sent.length)).toEqual(sent)
    if (!isBounced) expect(downgrade.lines).toHaveLength(sent.length)
  })
})

function converted(
  vector: Vector,
  first: string,
): { lines: string[]; errors: ReadonlySet<string> } {
  const written: Uint8Array[] = []
  const downgrade = new Downgrade({ ...DEFAULTS, ...vector.options }, ({ raw }) =>
    written.push(Uint8Array.from(raw)),
  )
  const text = first + vector.input.map((line) => `${line}\n`).join('')
  downgrade.push(Buffer.from(text, 'latin1'))
  downgrade.end()
  const lines = Buffer.concat(written).toString('latin1').split('\n').slice(0, -1)
  return { lines, errors: downgrade.errors }
}

/** Body checks see the records of a line, up to a NUL. The log has none of empty lines. */
function records(line: string): string[] {
  const pieces = line.match(/.{1,2048}/g) ?? []
  return pieces.map((piece) => `b ${logged(piece.replace(/\0.*/, ''))}`)
}

function logged(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, '?')
}
