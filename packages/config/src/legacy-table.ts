const QUERY = 'domain expansion_limit result_format'
const SQL = `${QUERY} additional_conditions query select_field table where_field`
const SERVER = 'dbname hosts password user'

// What postconf(1) of release 3.7.11 takes for a parameter of a table of that type.
const SUFFIXES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    ldap: `${QUERY} bind bind_dn bind_pw cache cache_expiry cache_size chase_referrals debuglevel
      dereference leaf_result_attribute query_filter recursion_limit result_attribute
      result_filter sasl_authz_id sasl_mechs sasl_minssf sasl_realm scope search_base server_host
      server_port size_limit special_result_attribute start_tls terminal_result_attribute timeout
      tls_ca_cert_dir tls_ca_cert_file tls_cert tls_cipher_suite tls_key tls_random_file
      tls_require_cert version`,
    mysql: `${SQL} ${SERVER} option_file option_group require_result_set tls_CAfile tls_CApath
      tls_cert_file tls_ciphers tls_key_file tls_verify_cert`,
    pgsql: `${SQL} ${SERVER} select_function`,
    sqlite: `${SQL} dbpath`,
    memcache: `backup data_size_limit domain flags key_format line_size_limit max_try memcache
      retry_pause timeout ttl`,
  }).map(([type, names]) => [type, new Set(names.split(/\s+/))] as const),
)
const TABLE = /\b(ldap|mysql|pgsql|sqlite|memcache):([A-Za-z0-9_]+)/g

/** A table that takes its own parameters from main.cf: `ldap:name` reads `name_server_host`. */
export interface LegacyTable {
  readonly type: string
  readonly name: string
}

/** The tables of that form in a value. */
export function legacyTables(value: string): LegacyTable[] {
  return Array.from(value.matchAll(TABLE), ([, type = '', name = '']) => ({ type, name }))
}

/** Whether `parameter` belongs to the table. */
export function isOfTable(parameter: string, { type, name }: LegacyTable): boolean {
  if (!parameter.startsWith(`${name}_`)) return false
  return SUFFIXES.get(type)?.has(parameter.slice(name.length + 1)) ?? false
}
