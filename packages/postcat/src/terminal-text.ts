// Control characters, those of the second set and DEL included, what reverses the direction of
// text, and what separates lines beside LF: a sender must not steer the terminal of who looks.
const HARMFUL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text of a message, safe for a terminal: control characters shown as `\x1b`, LF and TAB kept. */
export function terminalText(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(HARMFUL, (character) => {
    const code = character.charCodeAt(0)
    const digits = code.toString(16)
    return code < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`
  })
}

/** The same on one line. */
export function terminalLine(text: string): string {
  return terminalText(text.replace(/\s+/g, ' ').trim())
}
