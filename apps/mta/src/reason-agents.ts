import type { Clock } from '@posthouse/clock'
import type { MasterService } from '@posthouse/config'
import { type DeliveryOutcome, splitReason } from '@posthouse/delivery-status'
import { programOf } from '@posthouse/master'
import type { DeliveryAgent, DeliveryRequest } from '@posthouse/queue-manager'

// Of both the next hop is no place, but a reason, that may begin with a status (S-95).
const NOBODY = 'none'

/** The agents of services that deliver nothing. */
export function reasonAgents(
  services: readonly MasterService[],
  clock: Clock,
): (readonly [name: string, agent: DeliveryAgent])[] {
  return services.flatMap((service) => {
    const program = programOf(service)
    if (program === 'discard') return [[service.name, discardAgent(clock)]]
    if (program === 'error') return [[service.name, errorAgent(service.name, clock)]]
    return []
  })
}

/** discard(8): pretends to deliver. */
function discardAgent(clock: Clock): DeliveryAgent {
  return agent(clock, (nexthop) => {
    const { status, text } = splitReason(nexthop, '2.0.0')
    return { kind: 'sent', status, text, isFinal: true }
  })
}

/** error(8): its mail is returned, or waits if the service is called `retry`. */
function errorAgent(service: string, clock: Clock): DeliveryAgent {
  const kind = service === 'retry' ? 'deferred' : 'bounced'
  return agent(clock, (nexthop) => {
    const { status, text } = splitReason(nexthop, kind === 'bounced' ? '5.0.0' : '4.0.0')
    return { kind, status, text }
  })
}

type Fate = { readonly status: string; readonly text: string } & (
  | { readonly kind: 'sent'; readonly isFinal: boolean }
  | { readonly kind: 'deferred' | 'bounced' }
)

function agent(clock: Clock, fateOf: (nexthop: string) => Fate): DeliveryAgent {
  return {
    async deliver({ nexthop, recipients }: DeliveryRequest) {
      const outcome: DeliveryOutcome = { ...fateOf(nexthop), relay: NOBODY, doneMs: clock.now() }
      return { outcomes: recipients.map(() => outcome) }
    },
  }
}
