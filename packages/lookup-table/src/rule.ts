import { LookupTableError } from './errors.ts'
import type { BrokenItem, TableItem } from './match-list.ts'
import { hasAnyKey } from './table.ts'

/** One step of an evaluation: an item of the list, or neighbours that make no difference. */
export interface Rule<Subject> {
  readonly negated: boolean
  /** @throws {LookupTableError} or rejects with it, when the item cannot be evaluated. */
  hits(subject: Subject): boolean | Promise<boolean>
}

/** The first rule that hits decides; none is false. A promise only if a rule gives one. */
export function firstHit<Subject>(
  rules: readonly Rule<Subject>[],
  subject: Subject,
  from = 0,
): boolean | Promise<boolean> {
  for (let at = from; at < rules.length; at++) {
    const rule = rules[at]!
    const hit = rule.hits(subject)
    if (typeof hit !== 'boolean') return laterHit(rules, subject, at, hit)
    if (hit) return !rule.negated
  }
  return false
}

async function laterHit<Subject>(
  rules: readonly Rule<Subject>[],
  subject: Subject,
  at: number,
  hit: Promise<boolean>,
): Promise<boolean> {
  return (await hit) ? !rules[at]!.negated : firstHit(rules, subject, at + 1)
}

/** A table; `keysOf` says what to ask it for, in order. Its failure becomes ours (G-65). */
export function tableRule<Subject>(
  item: TableItem,
  list: string,
  keysOf: (subject: Subject, kind: 'fixed' | 'pattern') => readonly string[],
): Rule<Subject> {
  const { negated, table, text } = item
  const fail = (cause: unknown): never => {
    const reason = `${text}: table lookup problem`
    throw new LookupTableError('lookup-failed', { list, item: text, reason, cause })
  }
  return {
    negated,
    hits(subject) {
      try {
        const found = hasAnyKey(table, keysOf(subject, table.kind))
        return typeof found === 'boolean' ? found : found.catch(fail)
      } catch (cause) {
        return fail(cause)
      }
    },
  }
}

/** An item that fails whenever it is reached. */
export function brokenRule({ negated, error }: BrokenItem): Rule<unknown> {
  return {
    negated,
    hits() {
      throw error
    },
  }
}
