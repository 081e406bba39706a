const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const

/** A duration for people, in the largest unit that fits: `3 d`, `59 min`, `7 s`. */
export function ageText(durationMs: number): string {
  const ms = Math.max(0, durationMs)
  for (const [unitMs, name] of UNITS) {
    if (ms >= unitMs) return `${Math.floor(ms / unitMs)} ${name}`
  }
  return `${Math.floor(ms / 1000)} s`
}

/** A number of bytes for people: `512 B`, `12 KB`, `3.4 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, 'KB'] : [bytes / 1024 ** 2, 'MB']
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** When delivery may be tried next, as a column of a table. */
export function nextAttemptText(nextAttemptMs: number | undefined, nowMs: number): string {
  if (nextAttemptMs === undefined) return '-'
  return nextAttemptMs <= nowMs ? 'due' : `in ${ageText(nextAttemptMs - nowMs)}`
}
