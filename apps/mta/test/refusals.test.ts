import { afterEach, beforeEach, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { converse, stepsOf } from '../harness/conversation.ts'
import { Scene } from '../harness/scene.ts'

const MESSAGE = '18:Subject: hi\n\nbody\n,'
const SENDER = '13:s@example.org,'
const RECIPIENT = '13:r@example.net,'

let scene: Scene
beforeEach(async () => {
  const parameters = { message_size_limit: '2000', qmqpd_error_delay: '0' }
  scene = await Scene.open({ parameters })
})
afterEach(() => scene.close())

// Each gets the reply of spec and the end of the connection; nothing stays behind.
it.each([
  [
    'over the limit',
    '3000:2001:',
    '71:Dnetstring length exceeds storage limit while receiving message content,',
  ],
  ['cut off in the message', '61:18:Subje', ''],
  ['without a byte', '', ''],
  [
    'with a letter for a length',
    'x',
    '58:Dnetstring format error while receiving QMQP packet header,',
  ],
  [
    'with ";" behind the message',
    `56:${MESSAGE.slice(0, -1)};${SENDER}${RECIPIENT},`,
    '55:Dnetstring format error while receiving message content,',
  ],
  ['without a recipient', `39:${MESSAGE}${SENDER},`, '31:DError: no recipients specified,'],
])('Q-304: a request %s', async (_, request, reply) => {
  expect(await replyTo('127.0.0.1', request)).toBe(reply)
  await scene.posthouse.logged(/qmqpd\[\d+\]: disconnect from /)
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
  expect(scene.arrivals).toEqual([])
})

it('Q-305: a client that is not authorized is told so before it says anything', async () => {
  const reply = await replyTo('127.0.0.2', '')
  expect(reply).toMatch(/^\d+:DError: \S+\[127\.0\.0\.2\] is not authorized to use this service,$/)
  await scene.posthouse.logged(/qmqpd\[\d+\]: disconnect from /)
  expect(countQueueFiles(scene.directory)).toBe(0)
})

async function replyTo(localAddress: string, request: string): Promise<string> {
  const steps = stepsOf({ writes: [Buffer.from(request)], ending: 'half-close' })
  const { reply } = await converse({ port: scene.port, localAddress }, steps)
  return reply.toString()
}
