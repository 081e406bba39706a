const PLAIN = /^[\x20-\x7e]*$/

/**
 * Keeps peer text inside its line of a generated header: LF and NUL become blanks, always, and CR
 * does where `cleanup_replace_stray_cr_lf` asks for it.
 */
export function oneLine(text: string, replaceCr: boolean): string {
  if (PLAIN.test(text)) return text
  return text.replace(replaceCr ? /[\n\0\r]/g : /[\n\0]/g, ' ')
}
