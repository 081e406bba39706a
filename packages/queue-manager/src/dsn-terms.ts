import type { ActiveMessage } from './active-message.ts'
import type { DeliveryRequest } from './ports.ts'

// `ret_flags` of F-39.
const RETURN_FULL = 1
const RETURN_HEADERS = 2

/** What the sender of a message asked for, of deliveries and of reports on them. */
export function dsnTerms({
  envelope: { attributes },
  isProbe,
}: ActiveMessage): Pick<DeliveryRequest, 'envelopeId' | 'returnContent' | 'isProbe'> {
  const flags = Number(attributes.get('ret_flags') ?? 0)
  const asked = flags === RETURN_HEADERS ? 'headers' : flags === RETURN_FULL ? 'full' : undefined
  return {
    envelopeId: attributes.get('envelope_id'),
    returnContent: asked,
    isProbe,
  }
}
