import { describe, expect, it } from 'vitest'

import lmtp from '../vectors/lmtp.json' with { type: 'json' }
import vectors from '../vectors/parameters.json' with { type: 'json' }
import { isKnownParameter, type Parameter, parameters } from './index.ts'
import { transportParameterRows } from './registry.ts'

// Removed or ignored names must not stop a start with an old value, so they are plain text; and
// $smtp_per_record_deadline must be empty unless it is set (G-171).
const PLAIN_TEXT = new Map([
  ['smtp_connection_cache_reuse_limit', ''],
  ['smtp_per_record_deadline', ''],
  ['smtp_skip_4xx_greeting', 'yes'],
  ['tls_dane_trust_anchor_digest_enable', ''],
])
// Empty means something here, see the README.
const MAY_BE_EMPTY = ['mail_owner']
// What stops log analysers is for who asks for it, or for the release that has it (G-167).
const OTHER_DEFAULTS = new Map([
  ['smtp_log_tls_feature_status', `\${{$compatibility_level} <level {3.11} ? {no} : {yes}}`],
])
const RUN_TIME = ['mydomain', 'config_directory'] // The vectors have what the recorder computed.

describe('the registry', () => {
  it.each(vectors.parameters)('G-168: $name', (vector) => {
    const row = rowOf(vector.name)
    expect(row?.description).toMatch(/^.{15,100}\.$/)
    const plain = PLAIN_TEXT.get(vector.name)
    if (plain !== undefined) {
      expect(row).toMatchObject({ type: 'string', default: plain, obsolete: expect.any(String) })
      return
    }
    const isReadOnly = vector.type === 'read-only'
    expect(row?.type).toBe(isReadOnly ? 'string' : vector.type)
    expect(row !== undefined && 'readOnly' in row).toBe(isReadOnly)
    const min = MAY_BE_EMPTY.includes(vector.name) ? null : vector.min
    expect([limit(row, 'min'), limit(row, 'max')]).toEqual([min, vector.max])
    expect(row?.since).toBe(vector.since)
    expect(row?.type === 'integer' ? row.unit : undefined).toBe(vector.unit)
    if (!RUN_TIME.includes(vector.name)) {
      const expected = OTHER_DEFAULTS.get(vector.name) ?? words(vector.default)
      expect(words(row?.default ?? null)).toEqual(expected)
    }
  })

  it('has no row that is not in the vectors, and none twice', () => {
    const templates = vectors.parameters.filter(({ name }) => isTemplate(name))
    const inVectors = new Set(vectors.parameters.map(({ name }) => name))
    const own = [...parameters.keys()].filter((name) => !inVectors.has(name))
    const additions = own.filter((name) => parameters.get(name)?.addition)
    expect(additions).toEqual(['log_format', 'syslog_server'])
    const rest = own.filter((name) => !additions.includes(name))
    // Twins: G-169; what only C-143 speaks of; and what postconf(5) has for all that speaks TLS.
    const others = rest.filter((name) => !name.startsWith('lmtp_'))
    expect(others).toEqual(['tls_append_default_CA', 'tls_ssl_options'])
    expect(parameters.size).toBe(vectors.parameters.length - templates.length + own.length)
    expect(transportParameterRows.size).toBe(templates.length)
  })

  it('G-169: has the lmtp_ parameters of release 3.7, and those that came or went since', () => {
    const recorded = new Map(Object.entries<string>(lmtp.defaults))
    const own = [...parameters].filter(([name]) => isLmtp(name))
    const ownDefaults = own.flatMap(([name, row]) =>
      recorded.has(name) ? [[name, words(row.default ?? null)]] : [],
    )
    const defaults = [...recorded].map(([name, text]) => [name, words(text)])
    expect(Object.fromEntries(ownDefaults)).toEqual(Object.fromEntries(defaults))
    const others = own.filter(([name, row]) => !recorded.has(name) && row.obsolete === undefined)
    expect(others.length).toBe(9)
    for (const [name, { since }] of others) {
      expect(since, name).toMatch(/^3\.([89]|1\d)(\.|$)/)
      expect(parameters.get(name.replace('lmtp_', 'smtp_'))?.since).toBe(since)
    }
  })

  it('G-171: names the successors of renamed parameters', () => {
    for (const [, row] of parameters) {
      if (row.renamedTo !== undefined) expect(parameters.has(row.renamedTo)).toBe(true)
    }
    expect(parameters.get('virtual_maps')?.renamedTo).toBe('virtual_alias_maps')
  })

  it('G-30: knows the names of services that Posthouse does not have', () => {
    expect(isKnownParameter('smtpd_banner')).toBe(true)
    expect(isKnownParameter('postscreen_greet_wait')).toBe(true)
    expect(isKnownParameter('stress')).toBe(true)
    expect(isKnownParameter('nosuch')).toBe(false)
  })
})

function isLmtp(name: string): boolean {
  return name.startsWith('lmtp_')
}

function isTemplate(name: string): boolean {
  return name.startsWith('transport_') && !parameters.has(name)
}

function rowOf(name: string): Parameter | undefined {
  const suffix = name.replace('transport_', '')
  if (parameters.has(name)) return parameters.get(name)
  return new Map<string, Parameter>(transportParameterRows).get(suffix)
}

function limit(row: Parameter | undefined, which: 'min' | 'max'): number | null {
  if (row === undefined || row.type === 'boolean') return null
  return row[which] ?? null
}

// Long defaults are written on several lines; blanks separate their words as newlines do.
function words(text: string | null): string | undefined {
  return text?.replace(/,?\s+|,/g, ' ')
}
