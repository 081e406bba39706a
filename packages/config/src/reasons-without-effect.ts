/**
 * Why parameters are accepted without effect: for each word that rows of the registry use, what
 * there is to say in docs/parameters.md. Parts that are "not there yet" are on their way.
 */
export const reasonsWithoutEffect = {
  accounts: 'only checked, where it is set: nothing runs with it',
  berkeleyDb: 'tables are not written here, nor read from Berkeley DB files',
  debugging: 'a debugging aid of another implementation',
  encodedNames: 'full names are not encoded: they stay as they are, in UTF-8 or not',
  flush: 'the flush service keeps no logs: it looks at the deferred mail when it is asked',
  idna: 'domain names become ASCII as in UTS 46: ß, ς and joiners are kept, never mapped',
  informational: 'informational: nothing reads the file or directory',
  instances: 'one instance is started at a time',
  layout: 'the program has all its parts in itself',
  local: 'nothing is delivered on this machine',
  milters: 'Milters are not there yet',
  obsolete: 'no current release reads it',
  oneProcess: 'all services run in one process',
  rawPublicKeys: 'Node has TLS with certificates only',
  references: 'only where another value refers to it, such as $mynetworks in a client list',
  remoteHeaders: 'addresses in headers of remote mail, as of sendmail -G, are left alone',
  resolver: "a work-around for the system's resolver, which is not used",
  sasl: 'SASL mechanisms are built in',
  services: 'of services that are not there, such as smtpd, postscreen or local',
  smtpd: 'there is no SMTP server',
  socketmap: 'the limits of socketmap tables are fixed at the defaults',
  tcp: 'socket options are left to the system',
  tls: 'TLS is as Node and its OpenSSL have it',
  tlsReports: 'how a collector of TLS reports is spoken to is not documented',
  tlsTraces: 'TLS handshakes are not traced to files',
  verification: 'there is no service that verifies addresses',
  wording: 'log texts are the same either way',
} as const

/** A reason, as a row of the registry names it. */
export type ReasonWithoutEffect = keyof typeof reasonsWithoutEffect
