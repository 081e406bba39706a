import { describe, expect, it } from 'vitest'

import { MemoryFiles } from '../test/memory-files.ts'
import queueFiles from '../vectors/queue-files.json' with { type: 'json' }
import { runPostcat } from './index.ts'

const MESSAGE = [
  'From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>',
  'Subject: =?utf-8?q?=1B]0;owned=07?= caf=?iso-8859-1?q?=E9?=',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('Grüße\n\x1b[2Jgone\u202e\n').toString('base64'),
  '--b',
  'Content-Type: application/pdf',
  'Content-Disposition: attachment; filename="r\x1bb.pdf"',
  '',
  'PDF',
  '--b--',
]

function record(type: string, text = ''): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from(type), Buffer.from([bytes.length]), bytes])
}

describe('postcat --parsed', () => {
  const world = new MemoryFiles()
  const postcat = (...args: string[]) => world.run((ports) => runPostcat(args, ports))
  const file = Buffer.concat([
    ...[record('T', '0 0'), record('S', 'j@example.org'), record('R', 'a@x'), record('D', 'b@x')],
    ...[record('M'), ...MESSAGE.map((line) => record('N', line)), record('X'), record('E')],
  ])
  world.files.set('/queue/hold/00001A', file)

  it('shows a message decoded, and nothing that could steer the terminal', async () => {
    const { status, stdout } = await postcat('--parsed', '-q', '00001A')
    const text = stdout.toString()
    expect(text).not.toMatch(/[^\n\x20-\x7e\xa0-\xff]/)
    expect(text.split('\n').slice(2)).toEqual([
      'from: j@example.org',
      'to: a@x',
      'to: b@x (done)',
      '*** HEADERS ***',
      'From: "Jürgen" <j@example.org>',
      expect.stringMatching(/^Subject: \\x1b\]0;owned\\x07 ?café$/),
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '*** PARTS ***',
      'multipart/mixed, 0 bytes',
      '  text/plain, 29 bytes',
      '  application/pdf, 4 bytes',
      '*** TEXT ***',
      'Grüße',
      '\\x1b[2Jgone\\u202e',
      '*** ATTACHMENTS ***',
      expect.stringMatching(/^r.*b\.pdf, application\/pdf, 3 bytes$/),
      '',
    ])
    expect(status).toBe(0)
  })

  it('reads what milters edited', async () => {
    world.files.set('edited', Buffer.from(queueFiles['milter-all-edits.bin'], 'base64'))
    const { stdout } = await postcat('--parsed', 'edited')
    expect(stdout.toString()).toContain('Subject: changed\n')
    expect(stdout.toString()).toContain('replacement body line 00011')
  })

  it('says what is wrong with a damaged file', async () => {
    world.files.set('damaged', file.subarray(0, -40))
    const { status, stderr } = await postcat('--parsed', 'damaged')
    expect(stderr).toMatch(
      /^postcat: warning: damaged: unexpected EOF .*\npostcat: fatal: record read error\n$/,
    )
    expect(status).toBe(1)
  })

  it('refuses options that have no meaning with it', async () => {
    const { status, stderr } = await postcat('--parsed', '-b', 'edited')
    expect(stderr).toBe('postcat: fatal: --parsed cannot be used with -b\n')
    expect(status).toBe(1)
  })
})
