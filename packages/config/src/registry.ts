import type { Parameter, ParameterGroup, ValuesOf } from './parameter.ts'
import { addressVerificationParameters } from './parameters/address-verification.ts'
import { addressesParameters } from './parameters/addresses.ts'
import { bounceParameters } from './parameters/bounce.ts'
import { cleanupParameters } from './parameters/cleanup.ts'
import { commandsParameters } from './parameters/commands.ts'
import { installationParameters } from './parameters/installation.ts'
import { lmtpParameters } from './parameters/lmtp.ts'
import { loggingParameters } from './parameters/logging.ts'
import { lookupTablesParameters } from './parameters/lookup-tables.ts'
import { milterParameters } from './parameters/milter.ts'
import { obsoleteParameters } from './parameters/obsolete.ts'
import { otherParameterNames, rawParameterNames } from './parameters/other-names.ts'
import { processParameters } from './parameters/process.ts'
import { queueManagerParameters } from './parameters/queue-manager.ts'
import { receptionParameters } from './parameters/reception.ts'
import { serviceNamesParameters } from './parameters/service-names.ts'
import { smtpClientParameters } from './parameters/smtp-client.ts'
import { smtpConnectionParameters } from './parameters/smtp-connection.ts'
import { smtpSaslParameters } from './parameters/smtp-sasl.ts'
import { smtpTlsParameters } from './parameters/smtp-tls.ts'
import { tlsParameters } from './parameters/tls.ts'
import { transportTemplates } from './parameters/transport-templates.ts'

/** Transports whose per-transport parameters are parameters of their own, as in Postfix. */
const STANDARD_TRANSPORTS = ['smtp', 'lmtp', 'relay', 'local', 'virtual', 'error', 'retry'] as const

// `_time_limit` is for pipe(8) and spawn(8) services only: no standard transport has it.
const TIME_LIMIT = 'time_limit'

// local(8) delivers to one recipient at a time unless told otherwise.
const STANDARD_TRANSPORT_DEFAULTS: Readonly<Record<string, string>> = {
  local_destination_concurrency_limit: '2',
  local_destination_recipient_limit: '1',
}

type StandardTransport = (typeof STANDARD_TRANSPORTS)[number]

/** The per-transport parameters of one transport (G-32), by suffix. Delays in milliseconds. */
export type TransportParameters = ValuesOf<typeof transportTemplates>

/** A per-transport parameter without its transport, such as `destination_rate_delay`. */
export type TransportParameterName = keyof TransportParameters

type StandardSuffix = Exclude<TransportParameterName, typeof TIME_LIMIT>

/** The value of every parameter by its main.cf name, in the type that its row says. */
export type ParameterValues = ValuesOf<typeof addressVerificationParameters> &
  ValuesOf<typeof addressesParameters> &
  ValuesOf<typeof bounceParameters> &
  ValuesOf<typeof cleanupParameters> &
  ValuesOf<typeof commandsParameters> &
  ValuesOf<typeof installationParameters> &
  ValuesOf<typeof lmtpParameters> &
  ValuesOf<typeof loggingParameters> &
  ValuesOf<typeof lookupTablesParameters> &
  ValuesOf<typeof milterParameters> &
  ValuesOf<typeof obsoleteParameters> &
  ValuesOf<typeof processParameters> &
  ValuesOf<typeof queueManagerParameters> &
  ValuesOf<typeof receptionParameters> &
  ValuesOf<typeof serviceNamesParameters> &
  ValuesOf<typeof smtpClientParameters> &
  ValuesOf<typeof smtpConnectionParameters> &
  ValuesOf<typeof smtpSaslParameters> &
  ValuesOf<typeof smtpTlsParameters> &
  ValuesOf<typeof tlsParameters> & {
    readonly [S in StandardSuffix as `${StandardTransport}_${S}`]: TransportParameters[S]
  }

/** The name of a parameter that Posthouse has. */
export type ParameterName = keyof ParameterValues

/** Per-transport rows by suffix, with the time limit of pipe(8) and spawn(8) services. */
export const transportParameterRows: ReadonlyMap<TransportParameterName, Parameter> = new Map(
  Object.entries<Parameter>(transportTemplates) as [TransportParameterName, Parameter][],
)

/** Parameters that belong together. */
export interface ParameterGroupEntry {
  /** What they are about, for people. */
  readonly title: string
  readonly rows: ParameterGroup
}

/** The registry in groups, without the per-transport parameters. */
export const parameterGroups: readonly ParameterGroupEntry[] = [
  { title: 'Installation, accounts and instances', rows: installationParameters },
  { title: 'Processes', rows: processParameters },
  { title: 'Names of services', rows: serviceNamesParameters },
  { title: 'Logging', rows: loggingParameters },
  { title: 'Mail reception', rows: receptionParameters },
  { title: 'Header, MIME and content processing', rows: cleanupParameters },
  { title: 'Mail filters', rows: milterParameters },
  { title: 'Addresses', rows: addressesParameters },
  { title: 'Address verification', rows: addressVerificationParameters },
  { title: 'Lookup tables', rows: lookupTablesParameters },
  { title: 'Queue and scheduling', rows: queueManagerParameters },
  { title: 'SMTP sessions', rows: smtpClientParameters },
  { title: 'Finding and reaching hosts', rows: smtpConnectionParameters },
  { title: 'Authentication to servers', rows: smtpSaslParameters },
  { title: 'TLS of the SMTP client', rows: smtpTlsParameters },
  { title: 'TLS in general', rows: tlsParameters },
  { title: 'LMTP', rows: lmtpParameters },
  { title: 'Bounces and notices', rows: bounceParameters },
  { title: 'Commands', rows: commandsParameters },
  { title: 'Obsolete names', rows: obsoleteParameters },
]

/**
 * Every parameter that Posthouse has, its default and its limits, by name (G-168). Per-transport
 * parameters are there for the seven standard transports; for others see
 * {@link transportParameters}.
 */
export const parameters: ReadonlyMap<string, Parameter> = new Map([
  ...parameterGroups.flatMap(({ rows }) => Object.entries(rows)),
  ...STANDARD_TRANSPORTS.flatMap(standardTransportRows),
])

/**
 * The row of a name: of {@link parameters}, or of the per-transport parameter that it is for a
 * transport of its own (G-32). Undefined for names of services that Posthouse does not have.
 */
export function parameterRow(name: string): Parameter | undefined {
  const own = parameters.get(name)
  if (own !== undefined || otherParameterNames.has(name)) return own
  for (const [suffix, row] of transportParameterRows) if (name.endsWith(`_${suffix}`)) return row
  return undefined
}

/**
 * Whether Postfix or Posthouse has a parameter of that name: a row of {@link parameters}, or a
 * parameter of a service that Posthouse does not have.
 */
export function isKnownParameter(name: string): boolean {
  return parameters.has(name) || otherParameterNames.has(name)
}

/** Whether a value has macros of its own, which main.cf does not expand (G-21). */
export function isRawParameter(name: string): boolean {
  return rawParameterNames.has(name)
}

/**
 * Whether a parameter is there whatever services master.cf has: not a per-transport one, except two
 * that `postconf` knows without a service, too (G-30).
 */
export function isBuiltInParameter(name: string): boolean {
  return isKnownParameter(name) && !PER_TRANSPORT.has(name)
}

// What postconf(1) knows without a service, too, is what has a default of its own.
const PER_TRANSPORT: ReadonlySet<string> = new Set(
  STANDARD_TRANSPORTS.flatMap(standardTransportRows)
    .map(([name]) => name)
    .filter((name) => STANDARD_TRANSPORT_DEFAULTS[name] === undefined),
)

function standardTransportRows(transport: StandardTransport): [string, Parameter][] {
  return Object.entries<Parameter>(transportTemplates)
    .filter(([suffix]) => suffix !== TIME_LIMIT)
    .map(([suffix, row]) => {
      const name = `${transport}_${suffix}`
      const ownDefault = STANDARD_TRANSPORT_DEFAULTS[name]
      return [name, ownDefault === undefined ? row : withDefault(row, ownDefault)]
    })
}

function withDefault(row: Parameter, expression: string): Parameter {
  return { ...row, default: expression }
}
