import { expect, it } from 'vitest'

import { type Config, lmtpConfig, parseMainCf, resolveConfig } from './index.ts'

function configOf(text: string): Config {
  return resolveConfig({
    mainCf: parseMainCf(text, 'main.cf'),
    environment: {
      hostname: 'mx.example.test',
      configDirectory: '/conf',
      processName: 'lmtp',
      processId: 42,
      interfaceAddresses: [],
      readFile: () => Buffer.alloc(0),
    },
  })
}

it('G-169: has the values of the twins under the names of the SMTP client', () => {
  const config = configOf('smtp_connect_timeout = 1\nlmtp_connect_timeout = 2\n')
  expect(config.smtp_connect_timeout).toBe(1000)
  expect(lmtpConfig(config).smtp_connect_timeout).toBe(2000)
  expect(lmtpConfig(config).smtp_skip_quit_response).toBe(false)
  expect(lmtpConfig(config).settings.expanded('smtp_tcp_port')).toBe('24')
})

it('G-169: knows that LMTP says LHLO', () => {
  const text = 'lmtp_lhlo_name = a\nlmtp_discard_lhlo_keywords = auth\nsmtp_helo_name = b\n'
  const config = lmtpConfig(configOf(text))
  expect(config.smtp_helo_name).toBe('a')
  expect(config.smtp_discard_ehlo_keywords).toEqual(['auth'])
})

it('has what both share, and what LMTP does without', () => {
  const config = lmtpConfig(configOf('line_length_limit = 777\nsmtp_never_send_ehlo = yes\n'))
  expect(config.line_length_limit).toBe(777)
  expect(config.smtp_never_send_ehlo).toBe(true)
})

it('names the twin in errors, and where it is set', () => {
  const { settings } = lmtpConfig(configOf('# first\nlmtp_bind_address = x\n'))
  const error = settings.error('smtp_bind_address', 'bad smtp_bind_address: x', 'an address')
  expect(error.message).toContain('bad lmtp_bind_address: x')
  expect(error).toMatchObject({ parameter: 'lmtp_bind_address', value: 'x', line: 2 })
})
