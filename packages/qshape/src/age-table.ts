/** How ages are divided, and the table is laid out. */
export interface AgeTableOptions {
  /** Columns of ages; the last is for all that is older. */
  readonly bucketCount: number
  /** The limit of the first column, in minutes. */
  readonly bucketMinutes: number
  /** Each limit is `bucketMinutes` more than the last; else twice the last. */
  readonly isLinear: boolean
  /** Of the whole table, in columns. */
  readonly width: number
  /** Has rows for parent domains with at least so many subdomains; undefined: none. */
  readonly minSubdomains: number | undefined
}

interface Row {
  readonly name: string
  /** By age, and of all ages in front. */
  readonly counts: number[]
  /** Of a parent domain: domains and parents one level below it. */
  readonly subdomains: Set<string>
}

const MIN_NAME_WIDTH = 18
const MIN_COLUMN_WIDTH = 3

/**
 * Counts by domain and age, as a table (F-89). Memory grows with the number of domains, and with
 * that of parents with less subdomains than it takes to be shown.
 */
export class AgeTable {
  readonly #options: AgeTableOptions
  readonly #limits: readonly number[]
  readonly #total: Row
  readonly #rows = new Map<string, Row>()

  constructor(options: AgeTableOptions) {
    const { bucketCount, bucketMinutes, isLinear } = options
    this.#options = options
    this.#limits = Array.from({ length: bucketCount - 1 }, (_, index) => {
      return bucketMinutes * (isLinear ? index + 1 : 2 ** index)
    })
    this.#total = this.#newRow('TOTAL')
  }

  /** Counts one of a domain. */
  add(domain: string, ageMinutes: number): void {
    const found = this.#limits.findIndex((limit) => ageMinutes < limit)
    const bucket = found < 0 ? this.#limits.length : found
    count(this.#total, bucket)
    count(this.#row(domain), bucket)
    if (this.#options.minSubdomains !== undefined) this.#addToParents(domain, bucket)
  }

  /** The table, the largest row first. @param maxRows Rows of domains. */
  format(maxRows: number = Number.POSITIVE_INFINITY): string {
    const heads = ['T', ...this.#limits.map(String), `${this.#limits.at(-1) ?? 0}+`]
    const widths = heads.map((head, index) => {
      const longest = Math.max(head.length, String(this.#total.counts[index]).length)
      return Math.max(MIN_COLUMN_WIDTH, longest + 1)
    })
    const rest = this.#options.width - widths.reduce((sum, width) => sum + width, 0)
    const nameWidth = Math.max(MIN_NAME_WIDTH, rest)
    const line = (name: string, values: readonly (string | number)[]): string => {
      const columns = values.map((value, index) => String(value).padStart(widths[index] ?? 0))
      return `${cut(name, nameWidth)}${columns.join('')}\n`
    }
    const rows = [...this.#rows.values()].filter((row) => this.#isShown(row)).sort(compare)
    return [
      line('', heads),
      line(this.#total.name, this.#total.counts),
      ...rows.slice(0, maxRows).map(({ name, counts }) => line(name, counts)),
    ].join('')
  }

  #addToParents(domain: string, bucket: number): void {
    const labels = domain.split('.')
    let child = domain
    for (let at = 1; at < labels.length - 1; at++) {
      const row = this.#row(`.${labels.slice(at).join('.')}`)
      count(row, bucket)
      row.subdomains.add(child)
      child = row.name
    }
  }

  #isShown({ name, subdomains }: Row): boolean {
    const { minSubdomains = 0 } = this.#options
    return !name.startsWith('.') || subdomains.size >= minSubdomains
  }

  #row(name: string): Row {
    let row = this.#rows.get(name)
    if (row === undefined) {
      row = this.#newRow(name)
      this.#rows.set(name, row)
    }
    return row
  }

  #newRow(name: string): Row {
    const counts = Array.from({ length: this.#limits.length + 2 }, () => 0)
    return { name, counts, subdomains: new Set() }
  }
}

function count({ counts }: Row, bucket: number): void {
  counts[0] = (counts[0] ?? 0) + 1
  counts[bucket + 1] = (counts[bucket + 1] ?? 0) + 1
}

function compare(a: Row, b: Row): number {
  const byCount = (b.counts[0] ?? 0) - (a.counts[0] ?? 0)
  return byCount || a.name.length - b.name.length || (a.name < b.name ? -1 : 1)
}

/** Right-aligned; of a name that is too long, its end. */
function cut(name: string, width: number): string {
  const bytes = Buffer.from(name)
  if (bytes.length <= width) return ' '.repeat(width - bytes.length) + name
  const mark = name.startsWith('.') ? '.+' : '+'
  return mark + bytes.toString('utf8', bytes.length - width + mark.length)
}
