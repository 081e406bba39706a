/** The first reply of postdrop(1): attributes, each ended by a NUL, and one more (F-57). */
export function queueIdReply(id: string): string {
  return `protocol\0postdrop_protocol\0queue_id\0${id}\0\0`
}

/** The second reply. */
export function statusReply(status: number, reason: string): string {
  return `status\0${status}\0reason\0${reason}\0\0`
}

/** The queue id in what a postdrop(1) has said so far; undefined if there is none yet. */
export function parseQueueId(output: string): string | undefined {
  return /(?:^|\0)queue_id\0([^\0]*)\0\0/.exec(output)?.[1]
}

/** What a postdrop(1) has said: its second reply; undefined if there was none. */
export function parseReplies(
  output: string,
): { readonly status: number; readonly reason: string } | undefined {
  const [, second] = /\0\0(status\0.*)$/s.exec(output) ?? []
  const [, status, reason = ''] = /^status\0(\d+)\0reason\0([^\0]*)\0\0$/.exec(second ?? '') ?? []
  return status === undefined ? undefined : { status: Number(status), reason }
}
