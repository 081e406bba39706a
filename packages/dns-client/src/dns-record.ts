/** What every record has. */
interface Owned {
  /** Name that the record belongs to: after CNAMEs, another one than was asked for. */
  readonly name: string
  /** Seconds, as received. */
  readonly ttl: number
}

/** A or AAAA. */
export interface AddressRecord extends Owned {
  /** Numeric. */
  readonly address: string
}

/** MX (RFC 1035). Names have no dot at the end; the root is `.`. */
export interface MxRecord extends Owned {
  readonly preference: number
  readonly exchange: string
}

/** SRV (RFC 2782). */
export interface SrvRecord extends Owned {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

/** CNAME (RFC 1035), asked for by itself: of other types, only where it leads counts. */
export interface CnameRecord extends Owned {
  readonly target: string
}

/** NS (RFC 1035). */
export interface NsRecord extends Owned {
  readonly host: string
}

/** TLSA (RFC 6698). */
export interface TlsaRecord extends Owned {
  readonly usage: number
  readonly selector: number
  readonly matchingType: number
  readonly certificate: Uint8Array
}

/** The types that can be asked for, and what their records are. */
export interface RecordTypes {
  A: AddressRecord
  AAAA: AddressRecord
  CNAME: CnameRecord
  MX: MxRecord
  NS: NsRecord
  SRV: SrvRecord
  TLSA: TlsaRecord
}

/** A type that can be asked for. */
export type RecordType = keyof RecordTypes

/** A record of any of these types. */
export type DnsRecord = RecordTypes[RecordType]

/** There are records. */
export interface FoundRecords<Item> {
  readonly kind: 'found'
  /** At least one, in the order of the answer. */
  readonly records: readonly Item[]
  /** Records beyond the limit, which were dropped. */
  readonly dropped: number
  /** Whether every answer on the way had the AD bit, from servers that are trusted with it. */
  readonly secure: boolean
}

/**
 * There are none, because
 * - `nxdomain`: the name does not exist (RFC 2308);
 * - `nodata`: it exists, without records of this type;
 * - `loop`: CNAMEs that do not end;
 * - `retry`: no server gave an answer in time; they failed, refused or were silent;
 * - `malformed`: the same, and something came that could not be read;
 * - `fail`: a server says that the question itself is at fault.
 */
export interface NoRecords {
  readonly kind: 'nxdomain' | 'nodata' | 'loop' | 'retry' | 'malformed' | 'fail'
  /** The name that was asked for last, at the end of CNAMEs. */
  readonly name: string
  readonly secure: boolean
}

/** What a question gave. */
export type DnsReply<Item> = FoundRecords<Item> | NoRecords
