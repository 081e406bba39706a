/** `verp_delimiter_filter` as it is by default. */
export const DEFAULT_VERP_DELIMITER_FILTER = '-=+'

/** The two delimiters of a VERP request; undefined unless `filter` allows both. */
export function checkVerpDelimiters(text: string, filter: string): string | undefined {
  const isGood = text.length === 2 && filter.includes(text[0]!) && filter.includes(text[1]!)
  return isGood ? text : undefined
}
