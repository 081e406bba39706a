import {
  type Parameter,
  parameterGroups,
  reasonsWithoutEffect,
  transportParameterRows,
} from '../src/index.ts'
import { otherParameterNames } from '../src/parameters/other-names.ts'

const INTRODUCTION = `# Parameters

Every parameter of \`main.cf\` that Posthouse knows. This file is made from the registry in
\`packages/config\`: change a row there, then

\`\`\`sh
npm run document --workspace @posthouse/config
\`\`\`

Defaults are those of Postfix 3.7.11, and of 3.12 for what is newer; "at run time" is found out when
the program starts. A time without a unit letter is in the unit of its default. "Since" is the first
release of Postfix that has the parameter, where that is known.

The last column says what becomes of a parameter that is set:

- **takes effect**: as in Postfix;
- **refused unless …**: Posthouse cannot honour other values, and ignoring them would treat mail
  against the operator's will, so it does not start with them;
- **no effect**: accepted, so that a \`main.cf\` from Postfix can stay as it is. The start and
  \`posthouse check\` warn of it, with the reason that is given here.
`

const TRANSPORTS = `## Parameters for each transport

For each service of \`master.cf\` that mail is delivered through: its name, then one of these.
\`local_destination_concurrency_limit\` is 2 by default, \`local_destination_recipient_limit\` 1.
`

const OTHERS = `## Known names of other services

They belong to services that Posthouse does not have, such as smtpd(8), postscreen(8) or local(8).
They may be set, without effect: the start and \`posthouse check\` warn of it.
`

/** docs/parameters.md, as the registry has it. */
export function parametersDocument(): string {
  const templates = Object.fromEntries(
    [...transportParameterRows].map(([suffix, row]) => [`transport_${suffix}`, row]),
  )
  const sections = [
    ...parameterGroups.map(({ title, rows }) => `## ${title}\n\n${table(rows)}`),
    `${TRANSPORTS}\n${table(templates)}`,
    `${OTHERS}\n${[...otherParameterNames].toSorted().map(code).join(',\n')}.\n`,
  ]
  return [INTRODUCTION, ...sections].join('\n')
}

function table(rows: Readonly<Record<string, Parameter>>): string {
  const lines = Object.entries(rows).map(([name, row]) => cells(name, row).join(' | '))
  const head = ['Parameter', 'Type', 'Default', 'Since', 'Meaning', 'In Posthouse']
  const all = [head.join(' | '), head.map(() => '---').join(' | '), ...lines]
  return all.map((line) => `| ${line} |\n`).join('')
}

function cells(name: string, row: Parameter): string[] {
  const meaning = [row.description, row.obsolete === undefined ? '' : `Obsolete: ${row.obsolete}`]
  const instead = row.renamedTo === undefined ? '' : ` Set ${code(row.renamedTo)} instead.`
  return [
    code(name),
    typeText(row),
    defaultText(row),
    row.since ?? '',
    escapeBars(meaning.filter((text) => text !== '').join(' ')) + instead,
    escapeBars(effectText(row)),
  ]
}

function typeText(row: Parameter): string {
  if (row.type === 'boolean') return 'yes or no'
  if (row.type === 'time') return `time${range(row, ' s')}`
  if (row.type === 'size') return `size in bytes${range(row, '')}`
  if (row.type === 'integer') return (row.unit ?? 'integer') + range(row, '')
  const words = row.type === 'list' && row.words !== undefined ? `: ${row.words.join(', ')}` : ''
  const limit = row.min === 1 && row.max === undefined ? ', not empty' : range(row, ' bytes')
  return row.type + limit + words
}

function range({ min, max }: { readonly min?: number; readonly max?: number }, unit: string) {
  if (min === undefined) return max === undefined ? '' : `, at most ${max}${unit}`
  if (max === undefined) return `, at least ${min}${unit}`
  return min === max ? `, ${min}${unit}` : `, ${min} to ${max}${unit}`
}

function defaultText(row: Parameter): string {
  if (row.default === undefined) return 'at run time'
  return row.default === '' ? 'empty' : code(escapeBars(row.default.replace(/\s+/g, ' ')))
}

function effectText(row: Parameter): string {
  const { supportedValues, withoutEffect } = row
  if (row.type === 'string' && row.readOnly === true) return 'read-only'
  const reason = withoutEffect === undefined ? '' : reasonsWithoutEffect[withoutEffect]
  if (supportedValues === undefined) {
    return withoutEffect === undefined ? 'takes effect' : `no effect: ${reason}`
  }
  const values = supportedValues.map((value) => (value === '' ? 'empty' : code(value)))
  return `refused unless ${values.join(', ')}`
}

function code(text: string): string {
  return `\`${text}\``
}

// A bar would end the cell, inside code too.
function escapeBars(text: string): string {
  return text.replaceAll('|', '\\|')
}
