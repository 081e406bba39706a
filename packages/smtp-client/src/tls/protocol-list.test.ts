import { constants } from 'node:crypto'
import { expect, it } from 'vitest'

import { parseProtocolList } from './protocol-list.ts'

it.each<[string, string, string, number]>([
  ['', 'TLSv1', 'TLSv1.3', 0],
  ['>=TLSv1', 'TLSv1', 'TLSv1.3', 0],
  ['!SSLv2, !SSLv3', 'TLSv1', 'TLSv1.3', 0],
  ['>=TLSv1.2', 'TLSv1.2', 'TLSv1.3', 0],
  ['>= 0303 <=tlsv1.2', 'TLSv1.2', 'TLSv1.2', 0],
  ['TLSv1.2:TLSv1.1', 'TLSv1.1', 'TLSv1.2', 0],
  ['!TLSv1.1', 'TLSv1', 'TLSv1.3', constants.SSL_OP_NO_TLSv1_1],
  ['TLSv1, TLSv1.3', 'TLSv1', 'TLSv1.3', constants.SSL_OP_NO_TLSv1_1 | constants.SSL_OP_NO_TLSv1_2],
])('C-140: reads "%s" as %s to %s', (text, minVersion, maxVersion, secureOptions) => {
  expect(parseProtocolList(text)).toEqual({ minVersion, maxVersion, secureOptions })
})

it.each(['TLSv9', '>=', '!', 'SSLv3', '>=TLSv1.3 <=TLSv1.2', '!=TLSv1'])(
  'C-140: "%s" is no list, or leaves nothing',
  (text) => expect(parseProtocolList(text)).toBeUndefined(),
)
