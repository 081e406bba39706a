import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

import { MailDates } from './index.ts'

// The time zone of a process cannot be changed from within on every platform.
function inZone(timeZone: string, timesMs: number[]): string[] {
  const source = `
    import { localZoneNames, MailDates } from '@posthouse/cleanup'
    const dates = new MailDates(localZoneNames())
    console.log(JSON.stringify(${JSON.stringify(timesMs)}.map((ms) => dates.header(ms))))`
  const args = ['--conditions=@posthouse/source', '--input-type=module', '--eval', source]
  const env = { ...process.env, TZ: timeZone }
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' }))
}

const NOVEMBER_MS = Date.UTC(2026, 10, 5, 16, 44, 7, 999)
const JULY_MS = Date.UTC(2026, 6, 31, 23, 59, 59)

it.each([
  ['UTC', 'Thu, 05 Nov 2026 16:44:07 +0000 (UTC)', 'Fri, 31 Jul 2026 23:59:59 +0000 (UTC)'],
  [
    'Europe/Berlin',
    'Thu, 05 Nov 2026 17:44:07 +0100 (CET)',
    'Sat, 01 Aug 2026 01:59:59 +0200 (CEST)',
  ],
  [
    'America/St_Johns',
    'Thu, 05 Nov 2026 13:14:07 -0330 (GMT-3:30)',
    'Fri, 31 Jul 2026 21:29:59 -0230 (GMT-2:30)',
  ],
])('Q-344: date in the zone %s', (zone, november, july) => {
  expect(inZone(zone, [NOVEMBER_MS, JULY_MS, NOVEMBER_MS])).toEqual([november, july, november])
})

it('Q-524: stamps in UTC, and follows the second', () => {
  const dates = new MailDates(() => 'X')
  expect(dates.stamp(NOVEMBER_MS)).toBe('20261105164407')
  expect(dates.stamp(NOVEMBER_MS + 1)).toBe('20261105164408')
  expect(dates.header(NOVEMBER_MS)).not.toBe(dates.header(NOVEMBER_MS + 1))
  expect(dates.header(JULY_MS)).toMatch(/ \(X\)$/)
})
