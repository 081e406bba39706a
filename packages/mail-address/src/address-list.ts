import { type AddressToken, tokenizeAddress } from './address-tokens.ts'

/**
 * A piece of a list of addresses, as headers have it: one address without its brackets and
 * comments, the colon that opens a group, or any other token.
 */
export type AddressPiece =
  | { readonly kind: 'address'; readonly tokens: readonly AddressToken[] }
  | { readonly kind: 'group-colon' }
  | { readonly kind: 'token'; readonly token: AddressToken }

// At the end, where it quotes nothing.
const LONE_BACKSLASH = /((?:^|[^\\])(?:\\\\)*)\\$/

const COMMA: AddressToken = { kind: 'operator', text: ',' }

/**
 * Reads a list of addresses (RFC 5322 3.4) in the lenient way of Q-523: words without comma between
 * them are addresses of their own, and get one; words before `<` are a name; comments inside an
 * address go behind it.
 *
 * @param maxTokens `header_address_token_limit`: what is behind is lost.
 */
export function parseAddressList(
  text: string,
  maxTokens: number = Number.POSITIVE_INFINITY,
): AddressPiece[] {
  const source = text.replace(LONE_BACKSLASH, '$1')
  const tokens = tokenizeAddress(source)
  const last = tokens.at(-1)
  if (last?.kind === 'comment') tokens[tokens.length - 1] = asWritten(last, source)
  return new AddressListReader(tokens.slice(0, maxTokens)).read()
}

/** The addresses of a list; that of `<>` has no tokens. */
export function addressesOf(pieces: readonly AddressPiece[]): (readonly AddressToken[])[] {
  return pieces.flatMap((piece) => (piece.kind === 'address' ? [piece.tokens] : []))
}

/** A comment that is not closed stays so. */
function asWritten(comment: AddressToken, source: string): AddressToken {
  const end = source.trimEnd().replace(/[\t-\r]/g, ' ')
  let { text } = comment
  while (text.endsWith(')') && !end.endsWith(text)) text = text.slice(0, -1)
  return { kind: 'comment', text }
}

/** Reads from right to left: only the end of an address tells whether words are its name. */
class AddressListReader {
  readonly #tokens: readonly AddressToken[]
  /** From right to left. */
  readonly #pieces: AddressPiece[] = []
  #at: number
  #inGroup = false

  constructor(tokens: readonly AddressToken[]) {
    this.#tokens = tokens
    this.#at = tokens.length - 1
  }

  read(): AddressPiece[] {
    let isBeforeBracket = false
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.kind === 'comment') this.#take()
      else if (isOperator(token, ',')) {
        this.#take()
        isBeforeBracket = false
      } else if (isOperator(token, ';')) {
        this.#take()
        this.#inGroup = true
        isBeforeBracket = false
      } else if (isOperator(token, '>')) {
        this.#readBracketed()
        isBeforeBracket = true
      } else if (isOperator(token, ':') && (this.#inGroup || isBeforeBracket)) {
        this.#readColon()
        isBeforeBracket = false
      } else if (isBeforeBracket) this.#takeUntil(',;:>')
      else this.#readAddress()
    }
    return this.#pieces.reverse()
  }

  #next(): AddressToken | undefined {
    return this.#tokens[this.#at]
  }

  #take(): void {
    this.#pieces.push({ kind: 'token', token: this.#tokens[this.#at--]! })
  }

  #takeUntil(ends: string): void {
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.kind === 'operator' && ends.includes(token.text)) return
      this.#take()
    }
  }

  /** `group:`, whose name goes on to the comma, whatever is in it. */
  #readColon(): void {
    if (!this.#inGroup) {
      this.#take()
      return
    }
    this.#at--
    this.#pieces.push({ kind: 'group-colon' })
    this.#takeUntil(',')
  }

  /** `<…>`, of which the `<` may be missing. */
  #readBracketed(): void {
    this.#take()
    this.#readTokens((token) => isOperator(token, '<'))
    if (this.#next() !== undefined) this.#take()
  }

  #readAddress(): void {
    const ends = this.#inGroup ? ',;>:' : ',;>'
    let isLeftOfWord = false
    this.#readTokens((token) => {
      const isWord = token.kind !== 'operator'
      const isEnd = isWord ? isLeftOfWord : ends.includes(token.text)
      isLeftOfWord = isWord
      return isEnd
    })
    const left = this.#next()
    if (left === undefined || isOperator(left, ',') || isOperator(left, ':')) return
    this.#pieces.push({ kind: 'token', token: COMMA })
  }

  /** Reads one address; its comments come behind it. */
  #readTokens(isEnd: (token: AddressToken) => boolean): void {
    const tokens: AddressToken[] = []
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.kind === 'comment') this.#take()
      else if (isEnd(token)) break
      else {
        tokens.push(token)
        this.#at--
      }
    }
    this.#pieces.push({ kind: 'address', tokens: tokens.reverse() })
  }
}

function isOperator({ kind, text }: AddressToken, operator: string): boolean {
  return kind === 'operator' && text === operator
}
