/** How much of a slot one delivery changes the window of its destination (S-73). */
export interface Feedback {
  /** Slots per delivery, 0 to 1; 0 switches the adjustment off. */
  readonly base: number
  /** True for `x/concurrency`: the base is divided by the window at the time. */
  readonly dividedByWindow: boolean
}

const NUMBER = String.raw`\d+\.?\d*|\.\d+`
const FORM = new RegExp(String.raw`^\s*(${NUMBER})\s*(?:/\s*(?:(concurrency)|(${NUMBER}))\s*)?$`)

/**
 * Reads `default_destination_concurrency_positive_feedback` and its relatives: `x`, `x/y` or
 * `x/concurrency`, worth 0 to 1, with blanks around the slash if wanted.
 *
 * Source: S-73. Postfix names `x/sqrt_concurrency` but does not support it; nor is it read here.
 *
 * @returns undefined for anything else. Postfix then warns
 * `PARAM: ignoring malformed or unreasonable feedback: VALUE` and uses 1; so should the caller.
 */
export function parseFeedback(text: string): Feedback | undefined {
  const [, numerator, concurrency, denominator] = FORM.exec(text) ?? []
  if (numerator === undefined) return undefined
  const base = Number(numerator) / Number(denominator ?? 1)
  // The comparison also refuses 0/0.
  if (!(base >= 0 && base <= 1)) return undefined
  return { base, dividedByWindow: concurrency !== undefined }
}
