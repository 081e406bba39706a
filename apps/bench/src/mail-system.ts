/** A mail system under measurement: a private instance in a directory of its own. */
export interface MailSystem {
  readonly name: string
  /** Port of its QMQP server on 127.0.0.1. */
  readonly qmqpPort: number
  /** Root of its process tree. */
  readonly processId: number
  readonly queueDirectory: string
  stop(): Promise<void>
}
