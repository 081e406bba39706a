// What "config" of a recorded case means for main.cf and master.cf.
import type { Parameters } from '../../harness/replay.ts'
import type { Transcript } from '../../harness/transcript.ts'

/** Parameters beside those that all cases of the files have. */
export interface CaseSettings {
  readonly qmqpd: Parameters
  readonly cleanup: Parameters
  /** For all programs, from the start: in main.cf. */
  readonly start?: Parameters
}

const HEADER_CHECKS = { header_checks: 'regexp:$config_directory/header_checks' }
const BODY_CHECKS = { body_checks: 'regexp:$config_directory/body_checks' }
const ALL_CHECKS = {
  ...HEADER_CHECKS,
  ...BODY_CHECKS,
  mime_header_checks: 'regexp:$config_directory/mime_header_checks',
  nested_header_checks: 'regexp:$config_directory/nested_header_checks',
}
const CANONICAL = { canonical_maps: 'inline:{canon@example.com=mapped@example.org}' }
const VIRTUAL = { virtual_alias_maps: 'texthash:$config_directory/virtual' }
const LINES_512 = { line_length_limit: '512' }

// Those that are in words, or that need a table.
const IN_WORDS: Readonly<Record<string, CaseSettings>> = {
  // Refused at the start. What was recorded is what happens without it.
  'qmqpd+cleanup: line_length_limit=40': { qmqpd: {}, cleanup: {} },
  // Without the second parameter no daemon starts.
  'qmqpd: verp_delimiter_filter=-+': {
    qmqpd: { verp_delimiter_filter: '-+', default_verp_delimiters: '+-' },
    cleanup: {},
  },
  // Here one part gives out all queue ids.
  'cleanup: enable_long_queue_ids=yes': {
    qmqpd: {},
    cleanup: {},
    start: { enable_long_queue_ids: 'yes' },
  },
  'cleanup: canonical_maps': { qmqpd: {}, cleanup: CANONICAL },
  'cleanup: canonical_maps, virtual_alias_maps': {
    qmqpd: {},
    cleanup: { ...CANONICAL, ...VIRTUAL },
  },
  'cleanup: virtual_alias_maps v -> w1,w2': { qmqpd: {}, cleanup: VIRTUAL },
  'qmqpd: receive_override_options=no_address_mappings; cleanup: always_bcc, virtual_alias_maps': {
    qmqpd: { receive_override_options: 'no_address_mappings' },
    cleanup: { always_bcc: 'archive@example.org', ...VIRTUAL },
  },
  'cleanup: virtual_alias_recursion_limit=3': {
    qmqpd: {},
    cleanup: {
      virtual_alias_recursion_limit: '3',
      virtual_alias_maps: 'texthash:$config_directory/chain',
    },
  },
  'cleanup: virtual_alias_expansion_limit=1': {
    qmqpd: {},
    cleanup: { virtual_alias_expansion_limit: '1', ...VIRTUAL },
  },
  'cleanup: header_checks etc.': { qmqpd: {}, cleanup: ALL_CHECKS },
  'cleanup: header_checks': { qmqpd: {}, cleanup: HEADER_CHECKS },
  'qmqpd: receive_override_options=no_header_body_checks; cleanup: header_checks, body_checks': {
    qmqpd: { receive_override_options: 'no_header_body_checks' },
    cleanup: { ...HEADER_CHECKS, ...BODY_CHECKS },
  },
  'qmqpd: soft_bounce=yes; cleanup: header_checks': {
    qmqpd: { soft_bounce: 'yes' },
    cleanup: HEADER_CHECKS,
  },
  'cleanup: body_checks_size_limit=20': {
    qmqpd: {},
    cleanup: { ...BODY_CHECKS, body_checks_size_limit: '20' },
  },
  'cleanup: header_checks: /^Received: from/ IGNORE': {
    qmqpd: {},
    cleanup: { header_checks: 'regexp:$config_directory/ignore_received' },
  },
  'cleanup: header_checks: /^Received: from/ REPLACE X-Was: received': {
    qmqpd: {},
    cleanup: { header_checks: 'regexp:$config_directory/replace_received' },
  },
  'qmqpd+cleanup: line_length_limit=512; body_checks /^zz/ WARN zz, /tail$/ WARN tail': {
    qmqpd: LINES_512,
    cleanup: { ...LINES_512, body_checks: 'regexp:$config_directory/long_lines' },
  },
}

// The names that "tables" has for files of the configuration directory.
const FILE_NAMES: Readonly<Record<string, string>> = {
  'virtual alias chain': 'chain',
  'header_checks of ext-e10': 'ignore_received',
  'header_checks of ext-e11': 'replace_received',
  'body_checks of ext-e19': 'long_lines',
}

/** @param config Such as `qmqpd: soft_bounce=yes; cleanup: hopcount_limit=3`; absent: nothing. */
export function settingsOf(config = ''): CaseSettings {
  const known = IN_WORDS[config]
  if (known !== undefined) return known
  const settings = { qmqpd: {}, cleanup: {} }
  let who = ['qmqpd', 'cleanup']
  const plain = config.replace(/ \((?:qmqpd|cleanup): default\)$/, '')
  for (const part of plain.split(/; (?!$)/).filter((part) => part !== '')) {
    const [, names, rest = ''] = /^(?:([a-z+]+): )?(.*)$/s.exec(part) ?? []
    if (names !== undefined) who = names.split('+')
    if (rest === 'default' || rest === 'default 2048') continue
    for (const assignment of rest.split(/, (?=[a-z_]+=)/)) {
      const [, name, value] = /^([a-z0-9_]+)=(.*)$/s.exec(assignment) ?? []
      if (name === undefined) throw new Error(`expected name=value in "${config}"`)
      if (who.includes('qmqpd')) Object.assign(settings.qmqpd, { [name]: value })
      if (who.includes('cleanup')) Object.assign(settings.cleanup, { [name]: value })
    }
  }
  return settings
}

/** The tables of these files, by the name in the configuration directory. */
export function tableFiles(...transcripts: readonly Transcript<unknown>[]): Parameters {
  const tables = transcripts.flatMap(({ tables = {} }) => Object.entries(tables))
  return Object.fromEntries(
    tables.map(([name, text]) => [
      FILE_NAMES[name] ?? name.replace('$config_directory/', '').replace(' (regexp)', ''),
      text,
    ]),
  )
}
