import { isBlank } from './blanks.ts'
import { LookupTableError } from './errors.ts'

/** What a table of rules is made of: rules, and rules between `if` and `endif`. */
export type RuleItem<Rule, Condition> =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | {
      readonly kind: 'block'
      readonly condition: Condition
      readonly items: readonly RuleItem<Rule, Condition>[]
    }

/** Blocks in blocks may be this deep, because a lookup goes through them on the stack. */
const MAX_DEPTH = 250

/** Puts rules into the blocks that `if` and `endif` make, which cidr, regexp and pcre share. */
export class RuleBlocks<Rule, Condition> {
  readonly items: RuleItem<Rule, Condition>[] = []
  readonly #open: { readonly line: number; readonly items: RuleItem<Rule, Condition>[] }[] = []

  readonly #type: string
  readonly #name: string

  /** @param type Of the table, whose name follows. */
  constructor(type: string, name: string) {
    this.#type = type
    this.#name = name
  }

  get isInside(): boolean {
    return this.#open.length > 0
  }

  add(rule: Rule): void {
    this.#current().push({ kind: 'rule', rule })
  }

  /**
   * @param line Of the `if`, from 1.
   * @throws {LookupTableError} `unavailable`: too many are open
   */
  open(condition: Condition, line: number): void {
    if (this.#open.length === MAX_DEPTH) throw this.#tooDeep(line)
    const items: RuleItem<Rule, Condition>[] = []
    this.#current().push({ kind: 'block', condition, items })
    this.#open.push({ line, items })
  }

  /** Does nothing when no block is open. */
  close(): void {
    this.#open.pop()
  }

  /** The lines of the blocks that were never closed, the innermost first; they go to the end. */
  unclosedLines(): number[] {
    return this.#open.map(({ line }) => line).reverse()
  }

  #tooDeep(line: number): LookupTableError {
    const where = `${this.#type} map ${this.#name}, line ${line}`
    const reason = `${where}: IF inside IF: expected at most ${MAX_DEPTH} levels`
    return new LookupTableError('unavailable', { item: `${this.#type}:${this.#name}`, reason })
  }

  #current(): RuleItem<Rule, Condition>[] {
    return this.#open.at(-1)?.items ?? this.items
  }
}

/** The rest of the line behind the keyword, or undefined when it does not begin with it. */
export function afterKeyword(line: string, keyword: 'if' | 'endif'): string | undefined {
  if (line.slice(0, keyword.length).toLowerCase() !== keyword) return undefined
  const rest = line.slice(keyword.length)
  return /^[0-9A-Za-z]/.test(rest) ? undefined : rest
}

/** Takes `!`, any number of them and blanks among them, from the start. */
export function takeNegation(text: string): { negated: boolean; rest: string } {
  let negated = false
  let at = 0
  for (; at < text.length && (text[at] === '!' || isBlank(text[at]!)); at++) {
    if (text[at] === '!') negated = !negated
  }
  return { negated, rest: text.slice(at) }
}
