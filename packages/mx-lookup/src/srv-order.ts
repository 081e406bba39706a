import type { Random } from './mail-server.ts'

interface Weighted {
  readonly priority: number
  readonly weight: number
}

/**
 * The order to try SRV records in: by priority, and among equals at random, each with a chance to
 * be next that is proportional to its weight (RFC 2782).
 */
export function orderSrvRecords<Item extends Weighted>(
  records: readonly Item[],
  random: Random,
): Item[] {
  const left = records.toSorted(
    // Those of weight 0 go first, so that they have a chance at all.
    (a, b) => a.priority - b.priority || Number(a.weight > 0) - Number(b.weight > 0),
  )
  const ordered: Item[] = []
  while (left.length > 0) {
    const end = left.findIndex(({ priority }) => priority !== left[0]!.priority)
    const equals = end < 0 ? left : left.slice(0, end)
    const at = pickByWeight(equals, random)
    ordered.push(...left.splice(at, 1))
  }
  return ordered
}

function pickByWeight(records: readonly Weighted[], random: Random): number {
  const total = records.reduce((sum, { weight }) => sum + weight, 0)
  let left = Math.floor(random() * (total + 1))
  return records.findIndex(({ weight }) => {
    left -= weight
    return left <= 0
  })
}
