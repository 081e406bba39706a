import { unbrace } from './braced-text.ts'
import { LookupTableError } from './errors.ts'
import { splitItems } from './split-items.ts'
import { readTableFile, type TableFile } from './table-file.ts'
import type { TableEnvironment } from './table-type.ts'

/**
 * The rules of a cidr, regexp or pcre table: of the file that its name is, or, since Postfix 3.7,
 * those in the name itself, `{ {rule}, {rule} }`, each as a line.
 *
 * @throws {LookupTableError} `unavailable`
 */
export function readRuleSource(
  type: string,
  name: string,
  environment: TableEnvironment,
): TableFile {
  if (name.startsWith('{')) {
    return { text: inlineRules(type, name), hasChanged: () => false }
  }
  return readTableFile(name, `${type}:${name}`, environment, (failed, why) =>
    failed === 'open' ? `open ${name}: ${why}` : `${type} map ${name}: read error: ${why}`,
  )
}

function inlineRules(type: string, name: string): string {
  const lines = splitItems(unbraceFor(type, name, name)).map(({ text }) =>
    unbraceFor(type, name, text),
  )
  return lines.join('\n')
}

function unbraceFor(type: string, name: string, text: string): string {
  const braced = unbrace(text)
  if (braced.kind === 'inside') return braced.text
  const reason = `${type} map: ${braced.reason}`
  throw new LookupTableError('unavailable', { item: `${type}:${name}`, reason })
}
