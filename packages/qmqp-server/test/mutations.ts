import type { Random } from './random.ts'

const ADDRESSES = [
  's@example.org',
  '',
  'r@example.net',
  'list-@example.org-@[]',
  'list-owner@example.org-@[]',
  'nul\0@example.org',
  'j\xf6rg@example.org',
  'x'.repeat(40),
  ',',
]
const CONTENTS = ['Subject: hi\n\nbody\n', '', '\r\n.\r\n', '1:a,', 'y'.repeat(200)]
const INSERTED = [
  '\0',
  '\r',
  '\n',
  ',',
  ':',
  ',,',
  ':,',
  '0:,',
  '1',
  '0',
  ' ',
  '-',
  '\xff',
  '\xd9\xa3',
]
const LENGTHS = [
  '0',
  '00000',
  '1',
  '40',
  '41',
  '200',
  '201',
  '4294967296',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '1'.repeat(400),
  '',
]

/** A request that is well formed, with up to five recipients. */
export function randomRequest(random: Random): Buffer {
  const recipients = Array.from({ length: random.below(6) }, () => random.pick(ADDRESSES))
  const parts = [random.pick(CONTENTS), random.pick(ADDRESSES), ...recipients]
  const inner = parts.map((part) => `${part.length}:${part},`).join('')
  return Buffer.from(`${inner.length}:${inner},`, 'latin1')
}

type Mutator = (bytes: Buffer, random: Random) => Buffer

const flipBit: Mutator = (bytes, random) => {
  const flipped = Buffer.from(bytes)
  const at = random.below(bytes.length)
  if (at < flipped.length) flipped[at]! ^= 1 << random.below(8)
  return flipped
}

const cutOff: Mutator = (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1))

const dropPiece: Mutator = (bytes, random) => {
  const start = random.below(bytes.length + 1)
  return splice(bytes, start, start + 1 + random.below(8), '')
}

const doublePiece: Mutator = (bytes, random) => {
  const start = random.below(bytes.length + 1)
  const end = start + 1 + random.below(30)
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
}

const insert: Mutator = (bytes, random) => {
  const at = random.below(bytes.length + 1)
  return splice(bytes, at, at, random.pick(INSERTED))
}

const overwrite: Mutator = (bytes, random) => {
  const at = random.below(bytes.length + 1)
  return splice(bytes, at, at + 1, random.pick(INSERTED))
}

const editLength: Mutator = (bytes, random) => {
  const lengths = [...bytes.toString('latin1').matchAll(/\d+(?=:)/g)]
  if (lengths.length === 0) return insert(bytes, random)
  const { index, 0: digits } = random.pick(lengths)
  const by = random.pick([-1, 1, 10])
  const edited = random.oneIn(2) ? `${Math.max(Number(digits) + by, 0)}` : random.pick(LENGTHS)
  return splice(bytes, index, index + digits.length, edited)
}

const MUTATORS = [
  flipBit,
  cutOff,
  dropPiece,
  doublePiece,
  insert,
  overwrite,
  editLength,
  editLength,
] as const

/** A request with up to four mistakes, often none. */
export function mutatedRequest(random: Random): Buffer {
  let bytes = randomRequest(random)
  for (let count = random.below(5); count > 0; count--) {
    bytes = random.pick(MUTATORS)(bytes, random)
  }
  return bytes
}

/** The same bytes as they may come from a network: whole, in single bytes, or cut anywhere. */
export function chunksOf(bytes: Buffer, random: Random): Buffer[] {
  const longest = random.pick([bytes.length, 1, 7, 40])
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(longest)
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  return chunks
}

function splice(bytes: Buffer, start: number, end: number, text: string): Buffer {
  return Buffer.concat([
    bytes.subarray(0, start),
    Buffer.from(text, 'latin1'),
    bytes.subarray(Math.min(end, bytes.length)),
  ])
}
