/**
 * Keeps peer text inside its line of a generated header: LF and NUL become blanks, always, and CR
 * does where `cleanup_replace_stray_cr_lf` asks for it.
 */
export function oneLine(text: string, replaceCr: boolean): string {
  if (isPrintable(text)) return text
  return text.replace(replaceCr ? /[\n\0\r]/g : /[\n\0]/g, ' ')
}

function isPrintable(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code > 0x7e) return false
  }
  return true
}
