const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** The number at the start of a text, as C reads it: 0 when there is none. */
export function leadingNumber(text: string): number {
  return Number(/^[ \t-\r]*([-+]?\d{1,15})/.exec(text)?.[1] ?? 0)
}

/** `Fri Nov 20 15:54:33 2026`, in local time. @param seconds Since 1970. */
export function formatDate(seconds: number): string {
  const date = new Date(seconds * 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  const day = String(date.getDate()).padStart(2)
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${time} ${date.getFullYear()}`
}

/** Payload of a record that is text: readers in C end it at the first NUL (F-30). */
export function untilNul(data: Buffer): Buffer {
  const nul = data.indexOf(0)
  return nul < 0 ? data : data.subarray(0, nul)
}

/** Whether a text record can be the line of a header, or continue one (F-88). */
export function isHeaderLine(data: Buffer): boolean {
  return /^(?:[ \t]|[!-9;-~]+[ \t]*:)/.test(data.toString('latin1'))
}
