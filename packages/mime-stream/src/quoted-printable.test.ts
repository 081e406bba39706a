import { describe, expect, it } from 'vitest'

import { QuotedPrintableEncoder } from './quoted-printable.ts'

function encoded(...chunks: string[]): string {
  const encoder = new QuotedPrintableEncoder()
  const pieces = chunks.map((chunk) => encoder.push(Buffer.from(chunk, 'latin1')))
  return Buffer.concat([...pieces, encoder.end()]).toString()
}

describe('QuotedPrintableEncoder', () => {
  it('C-166: encodes control characters, `=`, DEL and 8-bit bytes, in upper case', () => {
    expect(encoded('\0\x1f\t!<=>~\x7f\x80\xff')).toBe('=00=1F\t!<=3D>~=7F=80=FF')
  })

  it('C-166: encodes a blank that ends a line, only the last, in any chunks', () => {
    expect(encoded('a \nb \t\n \n')).toBe('a=20\nb =09\n=20\n')
    expect(encoded('a ', '\nb ', '\t', '\n')).toBe('a=20\nb =09\n')
    expect(encoded('a ', 'b')).toBe('a b')
    expect(encoded('a ', '')).toBe('a=20')
  })

  it.each([
    ['x'.repeat(73), `${'x'.repeat(73)}`],
    ['x'.repeat(74), `${'x'.repeat(73)}=\nx`],
    [`${'x'.repeat(72)}\xe9`, `${'x'.repeat(72)}=E9`],
    [`${'x'.repeat(72)}\xe9y`, `${'x'.repeat(72)}=E9=\ny`],
    [`${'x'.repeat(73)} `, `${'x'.repeat(73)}=\n=20`],
  ])('C-166: breaks a line in front of what follows column 73: %j', (text, expected) => {
    expect(encoded(text)).toBe(expected)
    expect(encoded(...text)).toBe(expected)
  })

  it('has room for the densest output at any column', () => {
    for (let column = 0; column < 80; column++) {
      for (const length of [1, 24, 25, 26, 50, 51, 1000]) {
        const text = encoded('x'.repeat(column), '\x80'.repeat(length))
        const restored = text.replace(/=\n/g, '')
        expect(restored).toBe('x'.repeat(column) + '=80'.repeat(length))
      }
    }
  })

  it('can be used again after its end', () => {
    const encoder = new QuotedPrintableEncoder()
    encoder.push(Buffer.from(`${'x'.repeat(70)} `))
    encoder.end()
    expect(encoder.push(Buffer.from('yyyyy')).toString()).toBe('yyyyy')
  })
})
