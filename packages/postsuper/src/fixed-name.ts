import { decodeInode, encodeLongId, hashKey } from '@posthouse/queue-store'

const LONG_SEPARATOR = /^(.{10,}z)[^z]*$/
const SHORT_PREFIX_LENGTH = 5
const EMPTY_LONG_PREFIX_LENGTH = '0000000000z'.length

/** What is behind a name until all files of a message have their new names (F-25). */
export const FIX = '#FIX'

/** How names have to be. */
export interface NameRules {
  /** `enable_long_queue_ids` */
  readonly longQueueIds: boolean
  /** `-S`: the inode number in a long name has to be right, too. */
  readonly strict: boolean
}

/** Whether a name is of the long form. */
export function isLongId(name: string): boolean {
  return LONG_SEPARATOR.test(name)
}

/**
 * The name that a message's file ought to have: a function of its name and its inode number alone,
 * so that an interrupted repair can be repeated (F-24 row 7, F-25).
 *
 * @param inode Undefined when it is not known, as need be for a long name that may have any.
 * @returns undefined when it has it already; `bogus` for a name that has no inode number.
 */
export function fixedName(
  name: string,
  inode: number | bigint | undefined,
  rules: NameRules,
): string | 'bogus' | undefined {
  const named = decodeInode(name)
  if (named === undefined) return 'bogus'
  if (inode === undefined) return undefined
  const isRight = named === BigInt(inode)
  const [, longPrefix] = LONG_SEPARATOR.exec(name) ?? []
  if (longPrefix === undefined) {
    return isRight ? undefined : name.slice(0, SHORT_PREFIX_LENGTH) + hexadecimal(inode)
  }
  // The key of a long name is its microseconds, as a short name has them.
  if (!rules.longQueueIds) return hashKey(name) + hexadecimal(inode)
  if (!rules.strict || isRight) return undefined
  return longPrefix + encodeLongId(0, 0, inode).slice(EMPTY_LONG_PREFIX_LENGTH)
}

function hexadecimal(inode: number | bigint): string {
  return inode.toString(16).toUpperCase()
}
