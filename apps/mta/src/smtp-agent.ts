import type { DeliveryAgent } from '@posthouse/queue-manager'
import type { QueueStore } from '@posthouse/queue-store'
import type { SmtpClient } from '@posthouse/smtp-client'

/** Lets an SMTP client deliver what the queue manager hands out, with content from the store. */
export function smtpAgent(client: SmtpClient, store: QueueStore): DeliveryAgent {
  return {
    deliver: (request) =>
      client.deliver({
        queueId: request.queueId,
        nexthop: request.nexthop,
        sender: request.sender,
        recipients: request.recipients,
        contentSize: request.contentLength,
        encoding: request.encoding,
        sendOptions: request.sendOptions,
        reuse: request.reuse,
        content: () => store.readContent(request.queueId, 'active', request),
      }),
  }
}
