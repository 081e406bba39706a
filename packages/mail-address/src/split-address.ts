/** An address in internal form, cut at its last `@`. */
export interface SplitAddress {
  readonly localPart: string
  /** What follows the last `@`, perhaps empty; undefined when there is no `@`. */
  readonly domain: string | undefined
}

/** Splits an internal (unquoted) address: the local part is all before the last `@` (`G-135`). */
export function splitAddress(address: string): SplitAddress {
  const at = address.lastIndexOf('@')
  if (at < 0) return { localPart: address, domain: undefined }
  return { localPart: address.slice(0, at), domain: address.slice(at + 1) }
}
