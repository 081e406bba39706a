import { trimBlanksEnd, trimBlanksStart } from './blanks.ts'
import { type CidrCondition, CidrIndex, type CidrItem, type CidrRule } from './cidr-index.ts'
import { parseIpAddress } from './ip-address.ts'
import { type LogicalLine, logicalLines } from './logical-lines.ts'
import { parseNetwork } from './network-pattern.ts'
import { afterKeyword, RuleBlocks, takeNegation } from './rule-blocks.ts'
import { readRuleSource } from './rule-source.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

/**
 * Opens `cidr:/path` or `cidr:{ {rule}, … }`: networks and addresses, of which the first that
 * matches counts; cidr_table(5), G-59. A key that is not an IP address is not found. A lookup
 * costs one search per length of network that there is, besides the rules with `!` and `if`.
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openCidrTable(name: string, { environment }: TableContext): LookupTable {
  const source = readRuleSource('cidr', name, environment)
  const reader = new CidrReader(name, environment.warn)
  for (const line of logicalLines(source.text, name, environment.warn)) reader.readLine(line)
  const index = new CidrIndex(reader.finish())
  return {
    kind: 'pattern',
    lookup(key) {
      const address = parseIpAddress(key)
      return address === undefined ? undefined : index.find(address)
    },
    hasChanged: source.hasChanged,
  }
}

class CidrReader {
  readonly #blocks: RuleBlocks<CidrRule, CidrCondition>
  readonly #name: string
  readonly #warn: (text: string) => void

  constructor(name: string, warn: (text: string) => void) {
    this.#blocks = new RuleBlocks('cidr', name)
    this.#name = name
    this.#warn = warn
  }

  readLine({ text, line }: LogicalLine): void {
    const problem = this.#readRule(trimBlanksEnd(text), line)
    if (problem !== undefined) this.#warnAt(line, `${problem}: skipping this rule`)
  }

  finish(): readonly CidrItem[] {
    for (const line of this.#blocks.unclosedLines()) this.#warnAt(line, 'IF has no matching ENDIF')
    return this.#blocks.items
  }

  /** What is wrong with the rule. */
  #readRule(text: string, line: number): string | undefined {
    const afterEndif = afterKeyword(text, 'endif')
    if (afterEndif !== undefined) return this.#readEndif(trimBlanksStart(afterEndif))
    const afterIf = afterKeyword(text, 'if')
    const { negated, rest } = takeNegation(afterIf ?? text)
    if (rest === '') return 'no address pattern'
    const blank = afterIf === undefined ? rest.search(/[ \t-\r]/) : -1
    const pattern = blank < 0 ? rest : rest.slice(0, blank)
    const result = blank < 0 ? '' : trimBlanksStart(rest.slice(blank))
    const parsed = parseNetwork(pattern)
    if (parsed.kind === 'bad') return parsed.reason
    if (afterIf === undefined && result === '') return 'no lookup result'
    const condition = { network: parsed.network, negated }
    if (afterIf === undefined) this.#blocks.add({ ...condition, result })
    else this.#blocks.open(condition, line)
    return undefined
  }

  #readEndif(extra: string): string | undefined {
    if (extra !== '') return 'garbage after ENDIF'
    if (!this.#blocks.isInside) return 'ENDIF without IF'
    this.#blocks.close()
    return undefined
  }

  #warnAt(line: number, problem: string): void {
    this.#warn(`cidr map ${this.#name}, line ${line}: ${problem}`)
  }
}
