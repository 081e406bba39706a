import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'

import { SaslError } from './errors.ts'
import type { SaslExchange } from './sasl-exchange.ts'

// RFC 7677: at least. Beyond the other, a server makes work for its own sake.
const MIN_ITERATIONS = 4096
const MAX_ITERATIONS = 1_000_000
const HASH = 'sha256'
const HASH_BYTES = 32
const GS2_HEADER = 'n,,' // No channel binding, and no authorization id.

/** SCRAM-SHA-256 (RFC 5802, RFC 7677), in which the server must prove that it knows the user. */
export class ScramExchange implements SaslExchange {
  readonly initialResponse: Buffer
  readonly #password: string
  readonly #nonce: string
  readonly #clientFirst: string
  #serverSignature: Buffer | undefined
  #proven = false

  /** @param nonce Unpredictable, printable, without commas. */
  constructor(user: string, password: string, nonce: string) {
    const name = user.normalize('NFKC').replaceAll('=', '=3D').replaceAll(',', '=2C')
    this.#password = password.normalize('NFKC')
    this.#nonce = nonce
    this.#clientFirst = `n=${name},r=${nonce}`
    this.initialResponse = Buffer.from(GS2_HEADER + this.#clientFirst)
  }

  respond(challenge: Uint8Array): Buffer | Promise<Buffer> {
    const text = Buffer.from(challenge).toString()
    if (this.#serverSignature === undefined) return this.#prove(text)
    this.#check(text)
    return Buffer.alloc(0)
  }

  succeed(): void {
    if (!this.#proven) throw new SaslError('server', 'the server has not proven who it is')
  }

  async #prove(serverFirst: string): Promise<Buffer> {
    const { nonce, salt, iterations } = readServerFirst(serverFirst)
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) {
      throw new SaslError('challenge', 'the nonce of the server does not continue ours')
    }
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
      const limits = `from ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`
      throw new SaslError('limit', `expected an iteration count ${limits}, got ${iterations}`)
    }
    const salted = await hashPassword(this.#password, salt, iterations)
    const clientKey = hmac(salted, 'Client Key')
    const storedKey = createHash(HASH).update(clientKey).digest()
    const binding = Buffer.from(GS2_HEADER).toString('base64')
    const withoutProof = `c=${binding},r=${nonce}`
    const authMessage = `${this.#clientFirst},${serverFirst},${withoutProof}`
    const signature = hmac(storedKey, authMessage)
    const proof = clientKey.map((byte, at) => byte ^ signature[at]!)
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), authMessage)
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`)
  }

  #check(serverFinal: string): void {
    const [, error] = /^e=([^,]*)/.exec(serverFinal) ?? []
    if (error !== undefined) throw new SaslError('server', `the server says ${printable(error)}`)
    const [, verifier = ''] = /^v=([^,]*)/.exec(serverFinal) ?? []
    const signature = Buffer.from(verifier, 'base64')
    const expected = this.#serverSignature!
    if (signature.length !== HASH_BYTES || !timingSafeEqual(signature, expected)) {
      throw new SaslError('server', 'the signature of the server is wrong')
    }
    this.#proven = true
  }
}

function readServerFirst(text: string) {
  // An extension that must be understood (m=) is none that we know: it does not match.
  const match = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=(\d{1,10})(?:,|$)/.exec(text)
  if (match === null) throw new SaslError('challenge', 'the first challenge cannot be read')
  const [, nonce = '', salt = '', iterations = ''] = match
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations: Number(iterations) }
}

// On a thread of its own: it takes its time, and a server says how much.
function hashPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, HASH_BYTES, HASH, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac(HASH, key).update(text).digest()
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, 100)
}
