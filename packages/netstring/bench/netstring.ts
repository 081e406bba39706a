import { once } from 'node:events'
import { createRequire } from 'node:module'

import { encodeNetstring, NetstringDecoder, NetstringReader } from '../src/index.ts'

// Netstrings and MB of payload per second, decoding and encoding, beside netstring-stream, which
// gets a whole netstring in each chunk: cut ones it loses. Whole ones are views, so that their MB/s
// say nothing of memory:
// node --conditions=@posthouse/source bench/netstring.ts

const SECONDS = 1
const BATCH = 200
const SEGMENT_BYTES = 1460

interface NetstringStream {
  read(data: Buffer, encoding: 'buffer'): Buffer[]
  write(data: Buffer, encoding: 'buffer'): Buffer
  readStream(): NodeJS.ReadWriteStream
}
process.noDeprecation = true // It makes buffers with `new Buffer`.
const rival: NetstringStream = createRequire(import.meta.url)('netstring-stream')

const sizes = { '20 B': 20, '2 kB': 2048, '64 kB': 65_536, '1 MB': 1_000_000 }

function decodeFlat(chunks: readonly Buffer[]): number {
  const decoder = new NetstringDecoder(10_000_000)
  let bytes = 0
  for (const chunk of chunks) for (const payload of decoder.push(chunk)) bytes += payload.length
  return bytes
}

function readElements(chunks: readonly Buffer[]): number {
  const reader = new NetstringReader()
  let bytes = 0
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let payload = reader.read(0); payload !== undefined; payload = reader.read(0)) {
      bytes += payload.length
    }
  }
  return bytes
}

function rivalFrames(chunks: readonly Buffer[]): number {
  let bytes = 0
  for (const chunk of chunks) for (const { length } of rival.read(chunk, 'buffer')) bytes += length
  return bytes
}

async function rivalStream(chunks: readonly Buffer[]): Promise<number> {
  const stream = rival.readStream()
  let bytes = 0
  stream.on('data', (payload: Buffer) => (bytes += payload.length))
  for (const chunk of chunks) if (!stream.write(chunk)) await once(stream, 'drain')
  stream.end()
  await once(stream, 'end')
  return bytes
}

function encodeAll(payloads: readonly Buffer[], encode: (payload: Buffer) => Buffer): number {
  let bytes = 0
  for (const payload of payloads) bytes += encode(payload).length
  return bytes
}

/** How fast `run` goes through a batch of `bytes`, all of which it must find. */
async function rate(bytes: number, run: () => number | Promise<number>): Promise<string> {
  if ((await run()) < bytes) throw new Error('some payload was lost')
  const start = performance.now()
  let rounds = 0
  while (performance.now() - start < SECONDS * 1000) {
    await run()
    rounds++
  }
  const milliseconds = performance.now() - start
  const thousands = (BATCH * rounds) / milliseconds
  const megabytes = (bytes * rounds) / 1000 / milliseconds
  return `${thousands.toFixed(0).padStart(7)} k/s ${megabytes.toFixed(0).padStart(8)} MB/s`
}

function segments(frames: readonly Buffer[]): Buffer[] {
  const wire = Buffer.concat(frames)
  const count = Math.ceil(wire.length / SEGMENT_BYTES)
  return Array.from({ length: count }, (_, at) =>
    wire.subarray(at * SEGMENT_BYTES, (at + 1) * SEGMENT_BYTES),
  )
}

for (const [name, size] of Object.entries(sizes)) {
  const payloads = Array.from({ length: BATCH }, () => Buffer.alloc(size, 'payload '))
  const frames = payloads.map(encodeNetstring)
  const cut = segments(frames)
  const bytes = size * BATCH
  console.log(`payloads of ${name}`)
  console.log('  NetstringDecoder, whole frames  ', await rate(bytes, () => decodeFlat(frames)))
  console.log('  NetstringReader, whole frames   ', await rate(bytes, () => readElements(frames)))
  console.log('  netstring-stream read           ', await rate(bytes, () => rivalFrames(frames)))
  console.log('  netstring-stream readStream     ', await rate(bytes, () => rivalStream(frames)))
  console.log('  NetstringDecoder, TCP segments  ', await rate(bytes, () => decodeFlat(cut)))
  console.log('  NetstringReader, TCP segments   ', await rate(bytes, () => readElements(cut)))
  const ours = () => encodeAll(payloads, encodeNetstring)
  const theirs = () => encodeAll(payloads, (payload) => rival.write(payload, 'buffer'))
  console.log('  encodeNetstring                 ', await rate(bytes, ours))
  console.log('  netstring-stream write          ', await rate(bytes, theirs))
}
