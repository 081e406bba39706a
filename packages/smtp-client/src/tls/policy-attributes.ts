import { matchesName, parseTlsLevel, type TlsLevel } from './tls-level.ts'
import type { TlsOptions } from './tls-options.ts'
import { fieldsOfLevel, type PolicyAttributes, type TlsPolicy, withKey } from './tls-policy.ts'

/** What the value of a policy table comes to, or what is wrong with it (C-136). */
export type ParsedPolicy =
  | { readonly policy: TlsPolicy; readonly warnings: readonly string[] }
  | { readonly problem: string }

const HOSTNAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i
// `{ name = value }` or a word.
const TOKEN = /\{([^}]*)\}|[^\s,{}]+/g

type Levels = 'any' | 'tls' | 'named' | 'matching'

interface Attribute {
  readonly levels: Levels
  readonly repeats: 'error' | 'appended' | 'last'
}

const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ['ciphers', { levels: 'tls', repeats: 'error' }],
  ['protocols', { levels: 'tls', repeats: 'error' }],
  ['exclude', { levels: 'tls', repeats: 'error' }],
  ['servername', { levels: 'tls', repeats: 'error' }],
  ['match', { levels: 'matching', repeats: 'appended' }],
  ['tafile', { levels: 'named', repeats: 'appended' }],
  ['connection_reuse', { levels: 'any', repeats: 'last' }],
  ['enable_rpk', { levels: 'any', repeats: 'last' }],
  ['policy_ttl', { levels: 'any', repeats: 'error' }],
  ['policy_type', { levels: 'any', repeats: 'error' }],
  ['policy_domain', { levels: 'any', repeats: 'error' }],
  ['policy_failure', { levels: 'any', repeats: 'error' }],
  ['policy_string', { levels: 'any', repeats: 'appended' }],
  ['mx_host_pattern', { levels: 'any', repeats: 'appended' }],
])
const EXTERNAL_ONLY = [
  'policy_ttl',
  'policy_domain',
  'policy_string',
  'mx_host_pattern',
  'policy_failure',
]

/** Whether a text says what to send as SNI: a host, or `hostname` or `nexthop` (C-149). */
export function isServername(text: string): boolean {
  return HOSTNAME.test(text)
}

/** Reads the value of a policy table: a level and attributes (C-135, C-136). */
export function parsePolicy(value: string, options: TlsOptions): ParsedPolicy {
  const [name, ...rest] = [...value.matchAll(TOKEN)].map(([whole, braced]) => braced ?? whole)
  if (name === undefined) return { problem: 'invalid empty policy' }
  const level = parseTlsLevel(name.trim())
  if (level === undefined) return { problem: `invalid security level "${name.trim()}"` }
  if (level === 'none') {
    const warnings = rest.map((text) => `ignoring attribute "${text.trim()}" with TLS disabled`)
    return { policy: withKey(fieldsOfLevel(level, options)), warnings }
  }
  const values = new Map<string, string[]>()
  for (const text of rest) {
    const problem = readAttribute(text.trim(), level, values)
    if (problem !== undefined) return { problem }
  }
  const problem = checkExternal(values)
  if (problem !== undefined) return { problem }
  const hasNoKeys = values.get('enable_rpk')?.[0]?.toLowerCase() === 'yes'
  const warnings = hasNoKeys ? ['ignoring attribute "enable_rpk=yes": certificates only'] : []
  return { policy: build(level, values, options), warnings }
}

function readAttribute(
  text: string,
  level: TlsLevel,
  values: Map<string, string[]>,
): string | undefined {
  const at = text.indexOf('=')
  if (at < 0) return `malformed attribute/value pair "${text}": missing '=' after attribute name`
  const name = text.slice(0, at).trim().toLowerCase()
  const value = text.slice(at + 1).trim()
  const attribute = ATTRIBUTES.get(name)
  if (attribute === undefined) return `invalid attribute name: "${name}"`
  if (!isAllowed(attribute.levels, level)) {
    return `attribute "${name}" invalid at security level "${level}"`
  }
  if (value === '') return `attribute "${name}" has empty value`
  const earlier = values.get(name)
  if (earlier !== undefined && attribute.repeats === 'error') {
    return `attribute "${name}" is specified multiple times`
  }
  values.set(name, attribute.repeats === 'appended' ? [...(earlier ?? []), value] : [value])
  return checkValue(name, value)
}

function isAllowed(levels: Levels, level: TlsLevel): boolean {
  if (levels === 'named') return matchesName(level)
  return levels !== 'matching' || level === 'fingerprint' || matchesName(level)
}

function checkValue(name: string, value: string): string | undefined {
  if ((name === 'connection_reuse' || name === 'enable_rpk') && !/^(yes|no)$/i.test(value)) {
    return `attribute "${name}" has bad value: "${value}"`
  }
  if (name === 'servername' && !isServername(value)) {
    return `"servername=${value}" specifies an invalid hostname`
  }
  return undefined
}

function checkExternal(values: ReadonlyMap<string, unknown>): string | undefined {
  if (values.has('policy_type')) return undefined
  if (!EXTERNAL_ONLY.some((name) => values.has(name))) return undefined
  return (
    'built-in policy has unexpected attribute policy_ttl, policy_domain, policy_string, ' +
    'mx_host_pattern or policy_failure'
  )
}

function build(
  level: TlsLevel,
  values: ReadonlyMap<string, readonly string[]>,
  options: TlsOptions,
): TlsPolicy {
  const defaults = fieldsOfLevel(level, options)
  const attributes = generalAttributes(values)
  const separator = level === 'fingerprint' ? '|' : ':'
  const match = values.get('match')?.flatMap((value) => value.split(separator))
  const isSts = values.get('policy_type')?.[0]?.toLowerCase() === 'sts' && match !== undefined
  const mxPatterns = isSts && options.enforceStsMxPatterns ? values.get('mx_host_pattern') : []
  return withKey({
    ...defaults,
    ...attributes,
    attributes,
    // The patterns were for the names of servers, so certificates have to have those (C-137).
    match: mxPatterns?.length ? ['hostname'] : (match ?? defaults.match),
    trustAnchorFiles: values.get('tafile') ?? [],
    mxPatterns: mxPatterns ?? [],
  })
}

function generalAttributes(values: ReadonlyMap<string, readonly string[]>): PolicyAttributes {
  const last = (name: string): string | undefined => values.get(name)?.at(-1)
  const [protocols, ciphers, servername] = [last('protocols'), last('ciphers'), last('servername')]
  const exclude = last('exclude')?.split(':')
  const reuse = last('connection_reuse')
  return {
    ...(protocols !== undefined && { protocols }),
    ...(ciphers !== undefined && { ciphers }),
    ...(exclude !== undefined && { exclude }),
    ...(servername !== undefined && { servername }),
    ...(reuse !== undefined && { connectionReuse: /^yes$/i.test(reuse) }),
  }
}
