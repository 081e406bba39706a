import { simpleParser } from 'mailparser'

import { Downgrade, MimeStream, type MimeStreamOptions } from '../src/index.ts'

// MB/s over messages of three shapes, beside a split into lines and beside mailparser, which also
// decodes: node --conditions=@posthouse/source bench/mime-stream.ts

const CHUNK_BYTES = 65_536
const SECONDS = 1
const options: MimeStreamOptions = {
  headerSizeLimit: 102_400,
  lineLengthLimit: 2048,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
  disableMimeInputProcessing: false,
}

const header = [
  ...Array.from(
    { length: 6 },
    (_, n) => `Received: from a${n}.example (a${n}.example [192.0.2.1])`,
  ),
  'From: sender@example.org',
  'To: one@example.org,\n\ttwo@example.org',
  'Subject: a message',
  'Message-ID: <1@example.org>',
  'MIME-Version: 1.0',
].join('\n')
const prose = 'The quick brown fox jumps over the lazy dog, again and again.\n'
const accents = 'Le cœur déçu mais l’âme plutôt naïve, Louÿs rêva de crapaüter.\n'
const base64 = `${'QUJD'.repeat(19)}\n`

function part(fields: string, body: string): string {
  return `--b\n${fields}\n\n${body}`
}

const messages: Record<string, string> = {
  'small text (2 KB)': `${header}\n\n${prose.repeat(25)}`,
  '8-bit text (1 MB)': [
    header,
    `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n`,
    accents.repeat(16_000),
  ].join('\n'),
  'attachments (2 MB)': [
    header,
    'Content-Type: multipart/mixed; boundary=b\n',
    part('Content-Type: text/plain', prose.repeat(2000)),
    part('Content-Type: image/png\nContent-Transfer-Encoding: base64', base64.repeat(24_000)),
    '--b--\n',
  ].join('\n'),
}

function chunksOf(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  const count = Math.ceil(bytes.length / CHUNK_BYTES)
  return Array.from({ length: count }, (_, n) =>
    bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES),
  )
}

/** What a loop costs that does nothing but find lines. */
function splitLines(chunks: readonly Buffer[]): number {
  let lines = 0
  for (const chunk of chunks) {
    let start = 0
    for (let lf = chunk.indexOf(10); lf >= 0; lf = chunk.indexOf(10, start)) {
      lines += chunk.subarray(start, lf).length > 0 ? 1 : 0
      start = lf + 1
    }
  }
  return lines
}

function follow(chunks: readonly Buffer[]): number {
  let bytes = 0
  const stream = new MimeStream(options, ({ raw }) => {
    bytes += raw.length
  })
  for (const chunk of chunks) stream.push(chunk)
  stream.end()
  return bytes
}

function downgrade(chunks: readonly Buffer[]): number {
  let bytes = 0
  const stream = new Downgrade(options, ({ raw }) => {
    bytes += raw.length
  })
  for (const chunk of chunks) stream.push(chunk)
  stream.end()
  return bytes
}

async function rate(bytes: number, run: () => unknown): Promise<string> {
  await run()
  const start = performance.now()
  let rounds = 0
  while (performance.now() - start < SECONDS * 1000) {
    await run()
    rounds++
  }
  const megabytesPerSecond = (bytes * rounds) / 1000 / (performance.now() - start)
  return `${megabytesPerSecond.toFixed(0).padStart(7)} MB/s`
}

for (const [name, text] of Object.entries(messages)) {
  const chunks = chunksOf(text)
  const bytes = Buffer.byteLength(text)
  const whole = Buffer.from(text)
  console.log(name)
  console.log('  line split ', await rate(bytes, () => splitLines(chunks)))
  console.log('  MimeStream ', await rate(bytes, () => follow(chunks)))
  console.log('  Downgrade  ', await rate(bytes, () => downgrade(chunks)))
  console.log('  mailparser ', await rate(bytes, () => simpleParser(whole)))
}
