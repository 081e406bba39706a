import * as fc from 'fast-check'

/** Parameters and tables, and what is asked of them. */
export interface RoutingCase {
  readonly parameters: Readonly<Record<string, string>>
  /** Lines of texthash tables, by the parameter that names the table. */
  readonly tables: Readonly<Record<string, readonly string[]>>
  readonly questions: readonly (readonly [sender: string, recipient: string])[]
}

const DOMAINS = [
  'local.test',
  'mx.example.test',
  'localhost',
  'valias.test',
  'vmbox.test',
  'relay.test',
  'sub.relay.test',
  'dest.test',
  'a.dest.test',
  'b.a.dest.test',
  'DEST.test',
  '[127.0.0.1]',
  '[192.0.2.1]',
  'tld',
]
const LOCAL_PARTS = [
  ...['u', 'v', 'U', 'u+x', 'u-x', 'u+x-y', '+u', 'a b', 'a b+c', 'u..v', '@r.test:u', '"q"'],
  ...['owner-l', 'l-request', 'l+request', 'double-bounce', 'mailer-daemon', 'postmaster', '-u'],
  ...['u%dest.test', 'relay.test!u', 'u%', 'u@dest.test', 'u@local.test', 'ü'],
]

const localPart = fc.constantFrom(...LOCAL_PARTS)
const domain = fc.constantFrom(...DOMAINS)
const address = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(localPart, domain).map((parts) => parts.join('@')) },
  { weight: 2, arbitrary: localPart },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '@', '@dest.test', '@local.test', 'u@', 'u@1.2.3.4', 'u@.x'),
  },
)

/** In quotes, where the key of a table must be. */
const quoted = fc.constantFrom(...LOCAL_PARTS).map((text) => {
  return /[ "]|\.\./.test(text) ? `"${text.replace(/"/g, '\\"')}"` : text
})
const domainKey = fc
  .tuple(fc.constantFrom('', '', '.'), domain)
  .map(([dot, name]) => dot + (dot === '' ? name : name.replace(/^[^.]+\./, '')))
const addressKey = fc.tuple(quoted, domain).map((parts) => parts.join('@'))
const transportKey = fc.oneof(addressKey, domainKey, domainKey, fc.constant('*'))
const canonicalKey = fc.oneof(
  addressKey,
  quoted,
  domain.map((name) => `@${name}`),
  fc.constantFrom('<>', '*', 'dest.test'),
)

const route = fc.constantFrom(
  ...['t1:', 't2', 't3:hop', 't4:[gw.test]:25', ':', ':[only.test]', 'smtp:[h], [i]'],
  ...['error', 'error:', 'error:5.7.1 go away: now', 'retry:', 'retry:4.7.0 later', 'discard:'],
)
const bySender = fc.oneof(route, fc.constantFrom('DUNNO', 'dunno', 'x y'))

const tables = fc.record({
  transport_maps: linesOf(transportKey, route),
  sender_dependent_relayhost_maps: linesOf(canonicalKey, bySender),
  sender_dependent_default_transport_maps: linesOf(canonicalKey, bySender),
  relocated_maps: linesOf(canonicalKey, fc.constantFrom('new@else.test', '5.1.6 gone', ':')),
  address_verify_transport_maps: linesOf(transportKey, route),
})

const parameters = fc.record({
  relayhost: fc.constantFrom('', '', '[gw.example.test]:587', 'gw2.test, gw3.test'),
  default_transport: fc.constantFrom('smtp', 'smtp', 'smtp:[dt.test]', ':hop'),
  relay_transport: fc.constantFrom('relay', 'relay', 'relay:[rt.test]:2525'),
  local_transport: fc.constantFrom('local:$myhostname', 'local', 'error:5.1.1 no mailboxes'),
  virtual_transport: fc.constantFrom('virtual', 'lmtp:unix:private/dovecot'),
  recipient_delimiter: fc.constantFrom('', '+', '+', '-', '+-'),
  owner_request_special: yesOrNo(),
  allow_min_user: yesOrNo(),
  show_user_unknown_table_name: yesOrNo(),
  swap_bangpath: yesOrNo(),
  allow_percent_hack: yesOrNo(),
  resolve_dequoted_address: yesOrNo(),
  resolve_null_domain: yesOrNo(),
  resolve_numeric_domain: yesOrNo(),
  append_dot_mydomain: yesOrNo(),
  empty_address_relayhost_maps_lookup_key: fc.constantFrom('<>', 'u@dest.test'),
  empty_address_default_transport_maps_lookup_key: fc.constantFrom('<>', 'v'),
  parent_domain_matches_subdomains: fc.constantFrom('relay_domains', 'transport_maps', ''),
  relay_domains: fc.constantFrom(
    ...['relay.test', '.relay.test', '!sub.relay.test, relay.test', 'fail:relay_domains'],
    ...['inline:{relay.test=x}', 'regexp:{{/relay/ x}}', 'relay.test, local.test, static:x'],
  ),
  mydestination: fc.constantFrom(
    ...['$myhostname, localhost, local.test', 'inline:{local.test=x, mx.example.test=y}'],
    ...['!mx.example.test, regexp:{{/^(local|mx)/ x}}', '$myhostname, local.test, valias.test'],
  ),
  virtual_alias_domains: fc.constantFrom('valias.test', '', 'inline:{valias.test=x}'),
  address_verify_relayhost: fc.constantFrom('$relayhost', '', '[probe.test]'),
  address_verify_default_transport: fc.constantFrom('$default_transport', 'vsmtp'),
  address_verify_local_transport: fc.constantFrom('$local_transport', 'vlocal:'),
})

/** Now and then a table that cannot answer. */
const FAILING = fc.constantFrom('', '', '', '', '', '', '', ' fail:x')

/** With no more than so many questions. */
export function routingCase(maxQuestions: number): fc.Arbitrary<RoutingCase> {
  const sender = fc.oneof(address, fc.constant(''))
  const questions = fc.array(fc.tuple(sender, address), {
    minLength: maxQuestions,
    maxLength: maxQuestions,
  })
  return fc
    .tuple(parameters, tables, questions, FAILING)
    .map(([parameters, tables, questions, failing]) => ({
      parameters: { ...parameters, relocated_maps: failing },
      tables,
      questions,
    }))
}

/** A key that is there twice makes Postfix refuse the table. */
function linesOf(key: fc.Arbitrary<string>, value: fc.Arbitrary<string>) {
  const lines = fc.uniqueArray(fc.tuple(key, value), {
    minLength: 1,
    maxLength: 40,
    selector: ([key]) => key.toLowerCase(),
  })
  return fc.oneof(
    fc.constant([]),
    lines.map((all) => all.map((parts) => parts.join(' '))),
  )
}

function yesOrNo() {
  return fc.constantFrom('yes', 'no')
}
