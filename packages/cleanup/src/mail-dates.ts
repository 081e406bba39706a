const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
// No time zone changes its rules but at a full quarter of an hour.
const ZONE_PERIOD_MS = 15 * 60_000
// ICU knows an abbreviation only in the English of a place where it is used.
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'ja-JP']

/**
 * Dates in the local time zone of the process as message headers show them, and in UTC for message
 * ids. The text of the last second is kept: a busy server asks for the same second again and again.
 */
export class MailDates {
  readonly #zoneName: (timeMs: number) => string
  #second = Number.NaN
  #text = ''
  #zonePeriod = Number.NaN
  #zone = ''
  #stampSecond = Number.NaN
  #stamp = ''

  /** @param zoneName The abbreviation of the local time zone at a time, in ms since 1970. */
  constructor(zoneName: (timeMs: number) => string) {
    this.#zoneName = zoneName
  }

  /** `Fri, 20 Nov 2026 16:44:07 +0000 (UTC)` (Q-344, RFC 5322 3.3). */
  header(timeMs: number): string {
    const second = Math.floor(timeMs / 1000)
    if (second === this.#second) return this.#text
    const date = new Date(second * 1000)
    const day = `${DAYS[date.getDay()]}, ${twoDigits(date.getDate())}`
    const year = String(date.getFullYear()).padStart(4, '0')
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
    this.#text = `${day} ${MONTHS[date.getMonth()]} ${year} ${time} ${this.#zoneOf(date)}`
    this.#second = second
    return this.#text
  }

  /** `YYYYMMDDhhmmss`, UTC: the date in a generated message id. */
  stamp(timeMs: number): string {
    const second = Math.floor(timeMs / 1000)
    if (second !== this.#stampSecond) {
      this.#stamp = new Date(second * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '')
      this.#stampSecond = second
    }
    return this.#stamp
  }

  #zoneOf(date: Date): string {
    const period = Math.floor(date.getTime() / ZONE_PERIOD_MS)
    if (period !== this.#zonePeriod) {
      this.#zone = `${offset(-date.getTimezoneOffset())} (${this.#zoneName(date.getTime())})`
      this.#zonePeriod = period
    }
    return this.#zone
  }
}

/**
 * The abbreviation of the process's time zone at a time, as far as ICU knows it: `UTC`, `CET`,
 * `PDT`; else its offset, such as `GMT-3`.
 */
export function localZoneNames(): (timeMs: number) => string {
  const formats = LOCALES.map(
    (locale) => new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }),
  )
  return (timeMs) => {
    const names = formats.map((format) => zoneNameIn(format, timeMs))
    return names.find((name) => !/\d/.test(name)) ?? names[0]!
  }
}

function zoneNameIn(format: Intl.DateTimeFormat, timeMs: number): string {
  const part = format.formatToParts(timeMs).find(({ type }) => type === 'timeZoneName')
  return part?.value ?? 'GMT'
}

function offset(minutes: number): string {
  const size = Math.abs(minutes)
  const sign = minutes < 0 ? '-' : '+'
  return `${sign}${twoDigits(Math.floor(size / 60))}${twoDigits(size % 60)}`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
