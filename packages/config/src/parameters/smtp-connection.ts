/** Finding hosts, connecting and reusing connections: smtp(8) and scache(8). */
export const smtpConnectionParameters = {
  allow_srv_lookup_fallback: {
    type: 'boolean',
    default: 'no',
    since: '3.8',
    description:
      'When SRV lookup yields nothing, continue with MX or address lookup instead of giving up.',
  },
  best_mx_transport: {
    type: 'string',
    default: '',
    description:
      'Transport for domains whose best MX is this host; empty returns such mail as a loop.',
  },
  connection_cache_protocol_timeout: {
    type: 'time',
    default: '5s',
    min: 1,
    since: '2.3',
    description: 'Limit for one request/response exchange with the connection cache server.',
  },
  connection_cache_status_update_time: {
    type: 'time',
    default: '600s',
    min: 1,
    description: 'How often scache logs hit statistics.',
  },
  connection_cache_ttl_limit: {
    type: 'time',
    default: '2s',
    min: 1,
    description: 'Upper bound for any lifetime that a client asks scache to keep a connection.',
  },
  dns_ncache_ttl_fix_enable: {
    type: 'boolean',
    default: 'no',
    since: '3.1',
    description: 'Work around resolvers that hide SOA records from negative answers.',
  },
  dnssec_probe: {
    type: 'string',
    default: 'ns:.',
    since: '3.6',
    description:
      'Query used to find out whether the local resolver validates; empty disables the probe.',
  },
  ignore_mx_lookup_error: {
    type: 'boolean',
    default: 'no',
    description:
      'Fall back to address lookup when an MX query gets no answer, instead of deferring.',
  },
  ignore_srv_lookup_error: {
    type: 'boolean',
    default: 'no',
    since: '3.8',
    description: 'Same for SRV queries.',
  },
  inet_interfaces: {
    type: 'list',
    default: 'all',
    description: 'Local addresses on which mail is received; the resolver takes them for our own.',
  },
  inet_protocols: {
    type: 'list',
    default: 'all',
    since: '2.2',
    description: 'Address families to use: ipv4, ipv6, both (all), or none when empty.',
  },
  known_tcp_ports: {
    type: 'list',
    default: 'lmtp=24, smtp=25, smtps=submissions=465, submission=587',
    since: '3.6',
    description: 'Service names resolved without the system services file.',
  },
  proxy_interfaces: {
    type: 'list',
    default: '',
    since: '2.0',
    description:
      'Public addresses of NAT or proxy devices in front of this host; treated as own addresses.',
  },
  smtp_address_preference: {
    type: 'string',
    default: 'any',
    min: 1,
    since: '2.8',
    description: 'Which address family to try first: any, ipv4 or ipv6.',
  },
  smtp_balance_inet_protocols: {
    type: 'boolean',
    default: 'yes',
    since: '3.3',
    description: 'Keep both families represented among the addresses tried.',
  },
  smtp_bind_address: {
    type: 'string',
    default: '',
    description: 'Source address for IPv4 connections.',
  },
  smtp_bind_address6: {
    type: 'string',
    default: '',
    since: '2.2',
    description: 'Source address for IPv6 connections.',
  },
  smtp_bind_address_enforce: {
    type: 'boolean',
    default: 'no',
    since: '3.7',
    description: 'Defer when the source address cannot be used.',
  },
  smtp_connection_cache_destinations: {
    type: 'list',
    default: '',
    since: '2.2',
    description: 'Destinations whose connections are always cached.',
  },
  smtp_connection_cache_on_demand: {
    type: 'boolean',
    default: 'yes',
    since: '2.2',
    description: 'Cache connections while a destination has a backlog.',
  },
  smtp_connection_cache_time_limit: {
    type: 'time',
    default: '2s',
    min: 1,
    since: '2.2',
    description: 'How long an unused cached connection stays open.',
  },
  smtp_connection_reuse_count_limit: {
    type: 'integer',
    default: '0',
    since: '2.11',
    description: 'How many times a cached connection may be reused; 0 unlimited.',
  },
  smtp_connection_reuse_time_limit: {
    type: 'time',
    default: '300s',
    min: 1,
    since: '2.3',
    description: 'How long after its creation a connection may be reused.',
  },
  smtp_defer_if_no_mx_address_found: {
    type: 'boolean',
    default: 'no',
    since: '2.1',
    description: 'Defer rather than bounce when no MX host has an address.',
  },
  smtp_dns_reply_filter: {
    type: 'maps',
    default: '',
    since: '3.0',
    description: 'Table that may drop or edit DNS answers.',
  },
  smtp_dns_resolver_options: {
    type: 'list',
    default: '',
    since: '2.8',
    description: 'Resolver options: res_defnames, res_dnsrch.',
  },
  smtp_dns_support_level: {
    type: 'string',
    default: '',
    since: '2.11',
    description: 'DNS use: disabled, enabled or dnssec.',
  },
  smtp_fallback_relay: {
    type: 'list',
    default: '$fallback_relay',
    since: '2.3',
    description: 'Hosts to try when a destination cannot be found or reached.',
  },
  smtp_host_lookup: {
    type: 'list',
    default: 'dns',
    min: 1,
    since: '2.1',
    description: 'Order of host lookup methods: dns, native.',
  },
  smtp_mx_address_limit: {
    type: 'integer',
    default: '5',
    since: '2.1',
    description: 'Most server addresses considered per destination; 0 unlimited.',
  },
  smtp_mx_session_limit: {
    type: 'integer',
    default: '2',
    since: '2.1',
    description: 'Most sessions attempted per delivery request before the fallback; 0 unlimited.',
  },
  smtp_randomize_addresses: {
    type: 'boolean',
    default: 'yes',
    description: 'Shuffle servers of equal preference.',
  },
  smtp_tcp_port: {
    type: 'string',
    default: 'smtp',
    since: '3.2',
    description: 'Default remote port.',
  },
  tcp_windowsize: {
    type: 'integer',
    default: '0',
    since: '2.6',
    description: 'Nonzero sets the TCP receive buffer of all connections.',
  },
  use_srv_lookup: {
    type: 'list',
    default: '',
    since: '3.8',
    description: 'Services, such as submission, whose relay hosts are found through SRV records.',
  },
} as const
