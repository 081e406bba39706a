import { expect, it } from 'vitest'

import { completeDelivery, type SmtpMessage } from './message.ts'

const CONTENT = Buffer.from('Subject: x\n\nbody\n')
const MESSAGE: SmtpMessage = {
  nexthop: 'b.test',
  sender: 's@a.test',
  recipients: [{ address: 'r@b.test' }],
  content: CONTENT,
}

async function textOf(message: SmtpMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of completeDelivery(message).content()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

it('finds out what is left out', async () => {
  expect(completeDelivery(MESSAGE)).toMatchObject({
    queueId: 'NOQUEUE',
    contentSize: CONTENT.length + 3,
    encoding: '7bit',
    sendOptions: 0,
    reuse: { load: true, store: true },
  })
  expect(await textOf(MESSAGE)).toBe(String(CONTENT))
})

it.each([
  ['', 0, '7bit'],
  ['a', 3, '7bit'],
  ['a\nb', 6, '7bit'],
  ['a\r\nb\r\n', 6, '7bit'],
  ['a\u007f\n', 4, '7bit'],
  ['é\n', 4, '8bit'],
])('C-78: the size and the encoding of %j', (text, contentSize, encoding) => {
  const message = { ...MESSAGE, content: Buffer.from(text) }
  expect(completeDelivery(message)).toMatchObject({ contentSize, encoding })
})

it('lines may end with CRLF; a CR elsewhere stays', async () => {
  const content = new Uint8Array(Buffer.from('A: 1\r\n\r\nb\rc\nd\r\n'))
  expect(await textOf({ ...MESSAGE, content })).toBe('A: 1\n\nb\rc\nd\n')
})

it('C-169: SMTPUTF8 is asked for where an address needs it', () => {
  const recipients = [{ address: 'r@b.test' }, { address: 'ré@b.test' }]
  expect(completeDelivery({ ...MESSAGE, recipients }).sendOptions).toBe(1)
  expect(completeDelivery({ ...MESSAGE, sender: 'sé@a.test' }).sendOptions).toBe(1)
})

it('what is said is not changed', () => {
  const said = {
    ...MESSAGE,
    queueId: 'QID',
    contentSize: 7,
    encoding: '8bit',
    sendOptions: 16,
    reuse: { load: false, store: false },
    isProbe: true,
  } as const
  expect(completeDelivery(said)).toMatchObject({ ...said, content: expect.any(Function) })
  const complete = { ...said, content: () => [CONTENT] }
  expect(completeDelivery(complete)).toBe(complete)
})

it('of a function nothing is known, since it is not called yet', () => {
  const content = () => {
    throw new Error('called')
  }
  const complete = completeDelivery({ ...MESSAGE, content })
  expect(complete).toMatchObject({ contentSize: undefined, encoding: '', content })
})
