import {
  type Answer,
  AUTHENTIC_DATA,
  type DecodedPacket,
  DNSSEC_OK,
  decode,
  encode,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet'

import type { DnsRecord, RecordType } from './dns-record.ts'

/** A question for a name server. */
export interface Question {
  readonly name: string
  readonly type: RecordType
}

/** How a question is asked. */
export interface QueryTerms {
  /** Payload that is accepted over UDP, in octets (RFC 6891); 0 for plain DNS. */
  readonly ednsBytes: number
  /** Asks for signatures to be checked and their records to be sent: the DO bit. */
  readonly dnssec: boolean
  /** Asks for the AD bit (RFC 6840 5.7). */
  readonly authentic: boolean
}

/** A record of an answer, of whatever type. */
export interface AnswerRecord {
  readonly type: RecordType
  readonly record: DnsRecord
}

/** A reply that belongs to the question. */
export interface Message {
  /** RCODE with its extension (RFC 6891). */
  readonly code: number
  /** TC: the rest of the answer did not fit. */
  readonly truncated: boolean
  /** AD. */
  readonly authentic: boolean
  readonly answers: readonly AnswerRecord[]
  /** Seconds that a negative answer may be kept (RFC 2308 5); undefined without SOA record. */
  readonly negativeTtl: number | undefined
}

/** What came that is no reply to the question: of another one, or not to be understood. */
export type Misfit = 'foreign' | 'malformed'

const TRUNCATED: Message = {
  code: 0,
  truncated: true,
  authentic: false,
  answers: [],
  negativeTtl: undefined,
}

// Codes of servers that could not read the question, and so need not repeat it.
const CODES_WITHOUT_QUESTION = [1, 2, 4, 5]

/** The message that asks a question. */
export function encodeQuery(id: number, { name, type }: Question, terms: QueryTerms): Uint8Array {
  const { ednsBytes, dnssec, authentic } = terms
  const edns: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: ednsBytes,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: dnssec ? DNSSEC_OK : 0,
    flag_do: dnssec,
    options: [],
  }
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | (authentic ? AUTHENTIC_DATA : 0),
    questions: [{ name, type }],
    additionals: ednsBytes > 0 ? [edns] : [],
  })
}

/** Reads what a server sent. Never throws. */
export function decodeReply(bytes: Uint8Array, id: number, question: Question): Message | Misfit {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < 12 || buffer.readUInt16BE(0) !== id) return 'foreign'
  let packet: DecodedPacket
  try {
    packet = decode(buffer)
  } catch {
    // Everything that dns-packet throws means that; but a server may cut where it wants.
    return isTruncatedReply(buffer) ? TRUNCATED : 'malformed'
  }
  // Of an address that is cut off, dns-packet makes a whole one all the same.
  if (decode.bytes > buffer.length) return 'malformed'
  const code = replyCode(packet)
  if (!packet.flag_qr || !repeatsQuestion(packet, code, question)) return 'foreign'
  const answers: AnswerRecord[] = []
  for (const answer of packet.answers ?? []) {
    const understood = readAnswer(answer)
    if (understood !== undefined) answers.push(understood)
  }
  const { flag_tc: truncated, flag_ad: authentic } = packet
  return { code, truncated, authentic, answers, negativeTtl: negativeTtl(packet) }
}

function isTruncatedReply(buffer: Buffer): boolean {
  const flags = buffer.readUInt16BE(2)
  return (flags & 0x8000) !== 0 && (flags & TRUNCATED_RESPONSE) !== 0
}

function replyCode({ flags = 0, additionals = [] }: DecodedPacket): number {
  const edns = additionals.find(({ type }) => type === 'OPT')
  const extension = edns !== undefined && 'extendedRcode' in edns ? edns.extendedRcode : 0
  return (extension << 4) | (flags & 0xf)
}

function repeatsQuestion(packet: DecodedPacket, code: number, { name, type }: Question): boolean {
  const { questions = [] } = packet
  const [question] = questions
  if (question === undefined) return CODES_WITHOUT_QUESTION.includes(code)
  const isSame = question.name.toLowerCase() === name.toLowerCase() && question.type === type
  return isSame && question.class === 'IN' && questions.length === 1
}

function negativeTtl({ authorities = [] }: DecodedPacket): number | undefined {
  for (const authority of authorities) {
    if (authority.type === 'SOA') return Math.min(ttlOf(authority), authority.data.minimum ?? 0)
  }
  return undefined
}

function readAnswer(answer: Answer): AnswerRecord | undefined {
  if (answer.type === 'OPT' || !('class' in answer) || answer.class !== 'IN') return undefined
  const { name } = answer
  const ttl = ttlOf(answer)
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      return { type: answer.type, record: { name, ttl, address: answer.data } }
    case 'CNAME':
      return { type: 'CNAME', record: { name, ttl, target: answer.data } }
    case 'MX': {
      const { preference = 0, exchange } = answer.data
      return { type: 'MX', record: { name, ttl, preference, exchange } }
    }
    case 'NS':
      return { type: 'NS', record: { name, ttl, host: answer.data } }
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = answer.data
      return { type: 'SRV', record: { name, ttl, priority, weight, port, target } }
    }
    case 'TLSA': {
      const { usage, selector, matchingType, certificate } = answer.data
      // A copy, since the message is not to be kept for it.
      const own = Uint8Array.from(certificate)
      const record = { name, ttl, usage, selector, matchingType, certificate: own }
      return { type: 'TLSA', record }
    }
    default:
      return undefined
  }
}

/** RFC 2181 8: a TTL has 31 bits; one with the highest bit set is zero. */
function ttlOf({ ttl = 0 }: { readonly ttl?: number | undefined }): number {
  return ttl > 0x7fff_ffff ? 0 : ttl
}
