import { describe, expect, expectTypeOf, it } from 'vitest'

import {
  type Environment,
  loadMainCf,
  loadMasterCf,
  resolveConfig,
  transportParameters,
} from './index.ts'

const files: Readonly<Record<string, string | Buffer>> = {
  'LATIN/main.cf': Buffer.from('mail_name = caf\xe9\nslow_recipient_limit = x\n', 'latin1'),
  'LATIN/master.cf': 'a unix - - - - - a\nsmtp inet n - n - - a\n25 inet n - n - - b\n',
}

const environment: Environment = {
  hostname: 'mx.example.test',
  configDirectory: 'LATIN',
  processName: 'posthouse',
  processId: 1,
  interfaceAddresses: [],
  readFile,
}

describe('loadMainCf, loadMasterCf', () => {
  it('G-3: names a file that cannot be opened', () => {
    expect(() => loadMainCf('NONE', readFile)).toThrow(
      expect.objectContaining({
        code: 'missing-file',
        message: 'open NONE/main.cf: No such file or directory',
        file: 'NONE/main.cf',
      }),
    )
  })

  it('keeps bytes that are not UTF-8', () => {
    expect(loadMainCf('LATIN', readFile).entries.get('mail_name')?.value).toBe('caf\udce9')
  })

  it('G-37, G-41: master.cf follows compatibility_level and known_tcp_ports', () => {
    const load = (level: string) => {
      const mainCf = loadMainCf('LATIN', readFile)
      const overrides = [['compatibility_level', level] as const]
      return loadMasterCf(resolveConfig({ mainCf, overrides, environment }), readFile)
    }
    expect(load('0').services[0]?.chroot).toBe(true)
    expect(load('0.9').notices).toHaveLength(1)
    expect(load('1').services[0]?.chroot).toBe(false)
    expect(load('1').warnings).toHaveLength(1)
  })
})

describe('transportParameters', () => {
  const config = resolveConfig({
    mainCf: loadMainCf('LATIN', readFile),
    overrides: [
      ['slow_destination_rate_delay', '3'],
      ['default_recipient_limit', '7'],
      ['local_minimum_delivery_slots', '9'],
    ],
    environment,
  })

  it('G-32: are complete for any transport', () => {
    const fast = transportParameters(config, 'fast-lane')
    expectTypeOf(fast.destination_rate_delay).toEqualTypeOf<number>()
    expectTypeOf(fast.destination_concurrency_positive_feedback).toEqualTypeOf<string>()
    expect(fast.destination_concurrency_positive_feedback).toBe('1')
    expect(fast).toMatchObject({
      ...{ destination_concurrency_limit: 20, initial_destination_concurrency: 5 },
      ...{ destination_rate_delay: 0, recipient_limit: 7, time_limit: 1_000_000 },
      ...{ minimum_delivery_slots: 3, recipient_refill_delay: 5000 },
    })
    expect(Object.keys(fast)).toHaveLength(17)
  })

  it('G-32: have defaults of their own for local(8)', () => {
    expect(transportParameters(config, 'local')).toMatchObject({
      ...{ destination_concurrency_limit: 2, destination_recipient_limit: 1 },
      minimum_delivery_slots: 9,
    })
    expect(config.local_destination_concurrency_limit).toBe(2)
  })

  it('G-15: a bad value is an error when the transport is asked for', () => {
    expect(() => transportParameters(config, 'slow')).toThrow(
      expect.objectContaining({
        message: 'bad numerical configuration: slow_recipient_limit = x',
        line: 2,
      }),
    )
  })
})

function readFile(path: string): Uint8Array {
  const content = files[path]
  if (content === undefined) throw Object.assign(new Error('open'), { code: 'ENOENT' })
  return Buffer.from(content)
}
