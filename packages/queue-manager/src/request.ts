import { isAscii, isValidUtf8Text } from '@posthouse/mail-address'
import type { EnvelopeRecipient } from '@posthouse/queue-store'
import type { Delivery } from '@posthouse/scheduler'

import type { ActiveMessage, Request, Target } from './active-message.ts'
import { dsnTerms } from './dsn-terms.ts'
import type { DeliveryRequest } from './ports.ts'
import { verpSender } from './verp.ts'

/** What the scheduler has chosen to be delivered. */
export type Selected = Delivery<ActiveMessage, Target>

const RECIPIENT_IS_UTF8 = 8 // F-34

/** What is to be delivered; with VERP, in the name of a sender of its own (S-29). */
export function requestOf({ activation, transport, recipients: targets }: Selected): Request {
  const { message } = activation
  const { nexthop, recipient } = targets[0]! // A delivery has recipients, and one next hop.
  const { envelope } = message
  const sender = activation.isSplit
    ? verpSender(
        envelope.sender,
        recipient.original ?? recipient.address,
        envelope.verpDelimiters ?? '',
      )
    : envelope.sender
  return { message, transport, nexthop, sender, recipients: targets.map(recipientOf) }
}

function recipientOf({ recipient }: Target): EnvelopeRecipient {
  return recipient
}

/** Recipients that go to no agent. */
export function plainRequest(message: ActiveMessage, targets: readonly Target[]): Request {
  const [first] = targets
  const { transport = '', nexthop = '' } = first ?? {}
  const { sender } = message.envelope
  return { message, transport, nexthop, sender, recipients: targets.map(recipientOf) }
}

/** The same as an agent sees it (S-86). */
export function agentRequest(
  { message, transport, nexthop, sender, recipients }: Request,
  { reuse }: Selected,
  handoffMs: number,
): DeliveryRequest {
  const { envelope } = message
  const utf8 = recipients.some(({ address }) => !isAscii(address) && isValidUtf8Text(address))
  return {
    queueId: envelope.id,
    transport,
    nexthop,
    sender,
    recipients,
    contentOffset: envelope.contentOffset,
    dataSize: envelope.dataSize,
    contentLength: envelope.contentLength,
    encoding: envelope.encoding,
    sendOptions: envelope.sendOptions | (utf8 ? RECIPIENT_IS_UTF8 : 0),
    ...dsnTerms(message),
    attributes: envelope.attributes,
    arrivalTimeMs: envelope.arrivalTimeMs,
    activeTimeMs: message.activeMs,
    handoffMs,
    reuse,
  }
}
