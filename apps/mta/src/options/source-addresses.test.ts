import { parseMainCf, resolveConfig } from '@posthouse/config'
import { expect, it } from 'vitest'

import { sourceAddresses } from './source-addresses.ts'

function sources(text: string, own: readonly string[]) {
  const config = resolveConfig({
    mainCf: parseMainCf(`${text}\n`, 'main.cf'),
    environment: {
      hostname: 'mx.example.test',
      configDirectory: 'conf',
      processName: 'test',
      processId: 1,
      interfaceAddresses: [],
      readFile: () => new Uint8Array(),
    },
  })
  const { bindAddress, bindAddress6 } = sourceAddresses(config, own)
  return [bindAddress, bindAddress6]
}

it.each([
  ['', ['192.0.2.1', '2001:db8::1'], ['192.0.2.1', '2001:db8::1']],
  ['', ['192.0.2.1', '192.0.2.2', '2001:db8::1'], [undefined, '2001:db8::1']],
  ['', ['192.0.2.1', '127.0.0.1', '::1'], [undefined, undefined]],
  ['', ['127.0.0.1', '::1'], [undefined, undefined]],
  ['smtp_bind_address = 192.0.2.9', ['192.0.2.1'], ['192.0.2.9', undefined]],
  ['smtp_bind_address6 = [2001:db8::9]', [], [undefined, '2001:db8::9']],
])('C-30: %j with %j is from %j', (text, own, expected) => {
  expect(sources(text, own)).toEqual(expected)
})

it.each(['smtp_bind_address = ::1', 'smtp_bind_address6 = 192.0.2.1', 'smtp_bind_address = [x'])(
  'C-30: %s is no address of that family',
  (text) => {
    const [name, value] = text.split(' = ')
    expect(() => sources(text, [])).toThrow(`bad ${name} parameter: ${value}`)
  },
)
