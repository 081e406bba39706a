/** The queues of messages (F-1). */
export type MessageQueue = 'incoming' | 'active' | 'deferred' | 'hold' | 'corrupt'

/** The directories of status logs (F-60). */
export type StatusLogKind = 'bounce' | 'defer' | 'trace'

/** Every directory of files that are named by queue ids, or by destinations in `flush` (F-1). */
export type QueueName = MessageQueue | StatusLogKind | 'maildrop' | 'saved' | 'flush'
