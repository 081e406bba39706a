/** A message of the demonstration, and who gets it. */
export interface DemoMessage {
  readonly id: string
  readonly sender: string
  readonly recipients: readonly string[]
  /** Message text, lines ended by LF. */
  readonly content: Buffer
}

const MIN_BYTES = 1024
const MAX_BYTES = 1024 * 1024
const MAX_RECIPIENTS = 50

/**
 * Varied mail, the same for every run: 1 KB to 1 MB (most of it small, as in life), 1 to 50
 * recipients, 8-bit text, lines of dots, very long lines, empty lines.
 */
export function* demoMessages(count: number): Generator<DemoMessage> {
  const random = lehmer(20_260_101)
  for (let number = 1; number <= count; number++) {
    const id = `${number}@demo.example.org`
    const recipientCount = 1 + Math.floor(random() ** 2 * MAX_RECIPIENTS)
    yield {
      id,
      sender: `sender-${number}@demo.example.org`,
      recipients: Array.from({ length: recipientCount }, (_, at) => `to${at}@demo.example.net`),
      content: messageText(number, id, MIN_BYTES * (MAX_BYTES / MIN_BYTES) ** random(), random),
    }
  }
}

function messageText(number: number, id: string, bytes: number, random: () => number): Buffer {
  const lines = [
    `From: Sender ${number} <sender-${number}@demo.example.org>`,
    'To: undisclosed-recipients:;',
    `Subject: =?utf-8?Q?Posthouse_demo_${number}?=`,
    'Date: Thu, 01 Jan 2026 00:00:00 +0000',
    `Message-Id: <${id}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
  ].map((line) => `${line}\n`)
  let length = lines.reduce((sum, line) => sum + line.length, 0)
  while (length < bytes) {
    const line = `${bodyLine(random)}\n`.slice(0, Math.max(1, bytes - length))
    lines.push(line)
    length += Buffer.byteLength(line)
  }
  const text = lines.join('')
  return Buffer.from(text.endsWith('\n') ? text : `${text}\n`)
}

const WORDS = ['post', 'horse', 'inn', 'Straße', 'naïve', '馬', 'café', '.', '..', 'relay', 'From ']

function bodyLine(random: () => number): string {
  const kind = random()
  if (kind < 0.05) return ''
  if (kind < 0.1) return '.'.repeat(1 + Math.floor(random() * 5))
  if (kind < 0.12) return `.${'long '.repeat(100 + Math.floor(random() * 1500))}`
  const words = Array.from({ length: 3 + Math.floor(random() * 12) }, () => {
    return WORDS[Math.floor(random() * WORDS.length)]
  })
  return words.join(' ')
}

/** Park and Miller's minimal standard generator: enough variety, no seed to pass around. */
function lehmer(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
