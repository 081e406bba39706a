import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodeListing, encodeListing, type ListedMessage } from './index.ts'

const MESSAGE: ListedMessage = {
  queueName: 'deferred',
  queueId: '801D221A233',
  arrivalSeconds: 1795191018,
  sizeBytes: 312,
  isForcedExpire: false,
  sender: 'joe@src.test',
  recipients: [
    { address: 'temp1@dest.test', reason: 'Greylisted', source: 'defer' },
    { address: 'temp2@dest.test', reason: '', source: 'defer' },
  ],
}
const HEADER = 'protocol\0mail_queue_list_protocol\0\0'
const LIST =
  'queue_name\0deferred\0queue_id\x00801D221A233\0time\x001795191018\0size\x00312\0' +
  'forced_expire\x000\0sender\0joe@src.test\0recipient\0temp1@dest.test\0reason\0Greylisted\0' +
  'recipient\0temp2@dest.test\0reason\0\0\0'

async function* from<Item>(...items: Item[]): AsyncGenerator<Item, void, void> {
  yield* items
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

async function encoded(...messages: ListedMessage[]): Promise<string> {
  return String(Buffer.concat(await all(encodeListing(from(...messages), true))))
}

const decoded = (...chunks: string[]): Promise<ListedMessage[]> =>
  all(decodeListing(from(...chunks.map((chunk) => Buffer.from(chunk)))))

describe('ipc-showq', () => {
  it('says what Postfix says', async () => {
    expect(await encoded()).toBe(`${HEADER}\0`)
    expect(await encoded(MESSAGE)).toBe(`${HEADER}${LIST}\0`)
  })

  it('leaves out what the protocol has no place for', async () => {
    const bounced = { address: 'gone@dest.test', reason: 'never', source: 'bounce' } as const
    const [first, second] = MESSAGE.recipients
    const renamed = { ...first!, originalAddress: 'alias@dest.test' }
    const message = { ...MESSAGE, recipients: [renamed, bounced, second!] }
    expect(await encoded(message)).toBe(`${HEADER}${LIST}\0`)
  })

  it('no value can end itself', async () => {
    const message = { ...MESSAGE, sender: 'joe\0\0queue_name@src.test' }
    expect(await encoded(message)).toContain('sender\0joe??queue_name@src.test\0')
  })

  it('understands it, in any pieces', async () => {
    const text = `${HEADER}${LIST}${LIST}\0`
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length)), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const chunks = at.slice(1).map((end, index) => text.slice(at[index], end))
        expect(await decoded(...chunks)).toEqual([MESSAGE, MESSAGE])
      }),
    )
  })

  it.each([
    ['another protocol', 'protocol\0smtp\0\0\0'],
    ['an end before its time', HEADER + LIST],
    ['an end in a message', HEADER + LIST.slice(0, -1)],
    ['another list', `${HEADER}status\x000\0\0\0`],
    ['another field', `${HEADER}${LIST.replace('sender', 'from')}\0`],
    ['a size that is no number', `${HEADER}${LIST.replace('312', 'big')}\0`],
    ['a value without end', `${HEADER}queue_name\0${'x'.repeat(3_000_000)}`],
  ])('refuses %s', async (_, text) => {
    const pieces = text.match(/[\s\S]{1,65536}/g) ?? []
    await expect(decoded(...pieces)).rejects.toMatchObject({
      code: 'protocol',
      message: 'malformed showq server response',
    })
  })
})
