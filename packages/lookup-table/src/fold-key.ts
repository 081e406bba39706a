const UPPER_CASE = /[A-Z]/
const NON_ASCII = /[^\x00-\x7f]/
const DOTLESS_I = '\u0131'
const CAPITAL_SHARP_S = /\u1e9e/g
const FINAL_SIGMA = /\u03c2/g

/**
 * A key as fixed tables keep it and are asked for it (G-53): in lower case; without `smtputf8`
 * only the letters A to Z are folded, with it the case folding of Unicode is used (`ß` is `ss`).
 */
export function foldKey(key: string, smtputf8: boolean): string {
  if (NON_ASCII.test(key)) return smtputf8 ? foldUnicode(key) : foldAscii(key)
  return UPPER_CASE.test(key) ? key.toLowerCase() : key
}

function foldAscii(key: string): string {
  return key.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

// Lower case of upper case is case folding, but for what is handled here. (Cherokee folds the
// other way round in Unicode, which makes no difference between two keys that were both folded.)
function foldUnicode(key: string): string {
  const pieces = key.replace(CAPITAL_SHARP_S, 'ss').split(DOTLESS_I)
  const folded = pieces.map((piece) => piece.toUpperCase().toLowerCase())
  return folded.join(DOTLESS_I).replace(FINAL_SIGMA, '\u03c3')
}
