import type { Clock } from '@posthouse/clock'

import {
  decodeReply,
  encodeQuery,
  type Message,
  type QueryTerms,
  type Question,
} from './message.ts'
import type { NameServer, ResolvConf } from './resolv-conf.ts'
import type { Transport } from './transport.ts'

/** What asking takes. */
export interface ExchangePorts {
  readonly transport: Transport
  readonly clock: Clock
  /** A message id, 0 to 65535, that nobody can guess. */
  readonly randomId: () => number
}

/** Why a server gave no message: nothing in time, or only what cannot be read. */
type Silence = 'silent' | 'malformed'

// Enough for most answers, and within a packet of any network, so that none is put together from
// fragments, which could be forged.
const EDNS_BYTES = 1232

const FORMAT_ERROR = 1
const SERVER_FAILURE = 2
const NOT_IMPLEMENTED = 4
const REFUSED = 5

/**
 * Asks one server after the other, in rounds, until one gives an answer, as the resolver of the
 * system does: a server that fails or refuses is passed over. Waits double with each round.
 *
 * @param first index of the server to begin with.
 * @returns the last silence if nobody gave an answer.
 */
export async function exchange(
  question: Question,
  dnssec: boolean,
  conf: ResolvConf,
  first: number,
  ports: ExchangePorts,
): Promise<Message | Silence> {
  const { servers, attempts, edns0, trustAd } = conf
  const terms = {
    ednsBytes: edns0 || dnssec ? EDNS_BYTES : 0,
    dnssec,
    authentic: dnssec || trustAd,
  }
  let silence: Silence = 'silent'
  for (let round = 0; round < attempts; round++) {
    const timeoutMs = roundTimeoutMs(conf, round)
    for (let index = 0; index < servers.length; index++) {
      const server = servers[(first + index) % servers.length]!
      const patience = { server, timeoutMs, useTcp: conf.useTcp }
      const reply = await askServer(question, terms, patience, ports)
      if (typeof reply === 'string') silence = reply
      else if (isAnswer(reply)) return reply
      else silence = 'silent'
    }
  }
  return silence
}

/** One server, and how it is asked. */
interface Patience {
  readonly server: NameServer
  readonly timeoutMs: number
  readonly useTcp: boolean
}

/** glibc shares the wait of later rounds among the servers. */
function roundTimeoutMs({ timeoutMs, servers }: ResolvConf, round: number): number {
  return round === 0 ? timeoutMs : (timeoutMs * 2 ** round) / servers.length
}

function isAnswer({ code }: Message): boolean {
  return code !== SERVER_FAILURE && code !== NOT_IMPLEMENTED && code !== REFUSED
}

async function askServer(
  question: Question,
  terms: QueryTerms,
  patience: Patience,
  ports: ExchangePorts,
): Promise<Message | Silence> {
  const protocol = patience.useTcp ? 'tcp' : 'udp'
  const reply = await askOnce(protocol, question, terms, patience, ports)
  if (typeof reply === 'string') return reply
  // Servers from before RFC 6891 do not understand the query.
  const isTooNew = reply.code === FORMAT_ERROR || reply.code === NOT_IMPLEMENTED
  if (terms.ednsBytes > 0 && isTooNew) {
    return askServer(question, { ...terms, ednsBytes: 0, dnssec: false }, patience, ports)
  }
  const isCut = protocol === 'udp' && reply.truncated
  return isCut ? askOnce('tcp', question, terms, patience, ports) : reply
}

function askOnce(
  protocol: 'udp' | 'tcp',
  question: Question,
  terms: QueryTerms,
  { server, timeoutMs }: Patience,
  { transport, clock, randomId }: ExchangePorts,
): Promise<Message | Silence> {
  const id = randomId()
  return new Promise((resolve) => {
    let silence: Silence = 'silent'
    const settle = (result: Message | Silence): void => {
      cancel()
      end()
      resolve(result)
    }
    const cancel = clock.after(timeoutMs, () => settle(silence))
    const end = transport(protocol, server, encodeQuery(id, question, terms), {
      receive: (bytes) => {
        const reply = decodeReply(bytes, id, question)
        // Whoever guesses may be wrong, and the server's own reply still on its way.
        if (reply === 'malformed') silence = reply
        else if (reply !== 'foreign') settle(reply)
      },
      fail: () => settle(silence),
    })
  })
}
