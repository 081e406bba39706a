const SHARE_OF_FILES = 2 // The other half is for deliveries, tables and the log.
const FILES_PER_CLIENT = 2 // Its socket, and the queue file of its message.
const MAX_WAITING = 1000

/** How many clients a QMQP server serves at once, and how many more it keeps waiting. */
export interface ConnectionLimits {
  readonly maxConnections: number
  readonly maxWaiting: number
}

/**
 * Keeps the clients of all QMQP services within half of the files that may be open: without a free
 * one, mail could be neither stored nor delivered.
 *
 * @param processLimit Of the service in master.cf; 0 for as many as fit.
 * @param services How many QMQP services there are.
 * @param openFiles What the system allows the process.
 */
export function connectionLimits(
  processLimit: number,
  services: number,
  openFiles: number = Number.POSITIVE_INFINITY,
): ConnectionLimits {
  const room = Math.floor(openFiles / SHARE_OF_FILES / services)
  const most = Math.max(1, Math.floor(room / FILES_PER_CLIENT))
  if (processLimit === 0 || processLimit >= most) return { maxConnections: most, maxWaiting: 0 }
  // Besides those that wait for their turn, as many may wait for an answer of the access list.
  const rest = Math.floor((room - FILES_PER_CLIENT * processLimit) / 2)
  return { maxConnections: processLimit, maxWaiting: Math.min(MAX_WAITING, rest) }
}
