const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/**
 * Makes the time stamps of lines, in the time zone of the process (G-158): `Nov 05 16:28:42` with
 * padding `0`, as in Postfix's own log file, `Nov  5 16:28:42` with a blank, as RFC 3164 has it.
 */
export class TimeStamps {
  readonly #padding: string
  #second = Number.NaN
  #stamp = ''

  constructor(padding: '0' | ' ') {
    this.#padding = padding
  }

  // The same text for all lines of a second: a date costs more than the rest of a line.
  of(timeMs: number): string {
    const second = Math.floor(timeMs / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#stamp = this.#format(new Date(second * 1000))
    }
    return this.#stamp
  }

  #format(date: Date): string {
    const day = String(date.getDate()).padStart(2, this.#padding)
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
    return `${MONTHS[date.getMonth()]} ${day} ${time}`
  }
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
