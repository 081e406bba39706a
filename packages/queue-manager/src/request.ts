import { isAscii, isValidUtf8Text } from '@posthouse/mail-address'
import type { EnvelopeRecipient, MessageEnvelope } from '@posthouse/queue-store'
import type { Delivery } from '@posthouse/scheduler'

import type { ActiveMessage, Target } from './active-message.ts'
import type { DeliveryRequest } from './ports.ts'
import { verpSender } from './verp.ts'

/** What the scheduler has chosen to be delivered. */
export type Selected = Delivery<ActiveMessage, Target>

const RECIPIENT_IS_UTF8 = 8 // F-34
// `ret_flags` of F-39.
const RETURN_FULL = 1
const RETURN_HEADERS = 2

/** The request to an agent (S-86); with VERP, in the name of a sender of its own (S-29). */
export function requestOf(delivery: Selected, handoffMs: number): DeliveryRequest {
  const { activation, transport, recipients: targets, reuse } = delivery
  const { envelope, activeMs, isProbe } = activation.message
  const { attributes, sendOptions } = envelope
  const [first] = targets
  return {
    queueId: envelope.id,
    transport,
    nexthop: first!.nexthop, // A delivery has recipients, and one next hop.
    sender: activation.isSplit ? ownSender(envelope, first!.recipient) : envelope.sender,
    recipients: targets.map(recipientOf),
    contentOffset: envelope.contentOffset,
    dataSize: envelope.dataSize,
    contentLength: envelope.contentLength,
    encoding: envelope.encoding,
    sendOptions: targets.some(isUtf8) ? sendOptions | RECIPIENT_IS_UTF8 : sendOptions,
    envelopeId: attributes.get('envelope_id'),
    returnContent: returnContentOf(attributes),
    isProbe,
    attributes,
    arrivalTimeMs: envelope.arrivalTimeMs,
    activeTimeMs: activeMs,
    handoffMs,
    reuse,
  }
}

function ownSender(
  { sender, verpDelimiters = '' }: MessageEnvelope,
  { original, address }: EnvelopeRecipient,
): string {
  return verpSender(sender, original ?? address, verpDelimiters)
}

function recipientOf({ recipient }: Target): EnvelopeRecipient {
  return recipient
}

function isUtf8({ recipient: { address } }: Target): boolean {
  return !isAscii(address) && isValidUtf8Text(address)
}

function returnContentOf(
  attributes: MessageEnvelope['attributes'],
): DeliveryRequest['returnContent'] {
  const flags = Number(attributes.get('ret_flags') ?? 0)
  return flags === RETURN_HEADERS ? 'headers' : flags === RETURN_FULL ? 'full' : undefined
}
