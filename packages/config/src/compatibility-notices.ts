import { compareCompatibilityLevels, parseCompatibilityLevel } from './compatibility-level.ts'
import type { Config } from './config.ts'

// Of the release whose defaults the registry has.
const LATEST = [3, 6, 0] as const

/**
 * What every command logs, as information, while `compatibility_level` is below that of release
 * 3.7 (G-26). Nothing when it is not.
 */
export function compatibilityNotices(config: Config): string[] {
  const level = parseCompatibilityLevel(config.compatibility_level) ?? [0, 0, 0]
  if (compareCompatibilityLevels(level, LATEST) >= 0) return []
  const command = 'use "postconf compatibility_level=3.6" and "postfix reload"'
  return [
    'Postfix is using backwards-compatible default settings',
    'See http://www.postfix.org/COMPATIBILITY_README.html for details',
    `To disable backwards compatibility ${command}`,
  ]
}
