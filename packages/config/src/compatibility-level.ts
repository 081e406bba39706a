// The program compared with is C: digits beyond this are more than any release will need.
const LEVEL = /^\+?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?$/

/** `major`, `minor` and `patch` of a compatibility level; missing parts are zero. */
export type CompatibilityLevel = readonly [major: number, minor: number, patch: number]

/** Reads `3.6` or such (G-26). Undefined when the text is no level. */
export function parseCompatibilityLevel(text: string): CompatibilityLevel | undefined {
  const [, major, minor = '0', patch = '0'] = LEVEL.exec(text) ?? []
  if (major === undefined) return undefined
  return [Number(major), Number(minor), Number(patch)]
}

/** Negative when `a` is the lower level, 0 when they are equal. */
export function compareCompatibilityLevels(a: CompatibilityLevel, b: CompatibilityLevel): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/** The text of every message on a level that cannot be read (G-19). */
export function malformedLevel(text: string): string {
  return `malformed compatibility level syntax: "${text}"`
}
