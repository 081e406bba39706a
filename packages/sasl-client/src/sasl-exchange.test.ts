import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type SaslMechanism, startSasl } from './index.ts'

const credentials = { user: 'user', password: 'pencil', host: 'mx.example', port: 587 }
const NO_BYTES = Buffer.alloc(0)
// RFC 7677 3: the client's nonce is given.
const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_FIRST = `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

function start(mechanism: SaslMechanism) {
  return startSasl(mechanism, credentials, () => Buffer.from(NONCE, 'base64'))
}

async function text(response: Buffer | Promise<Buffer>): Promise<string> {
  return (await response).toString()
}

describe('startSasl', () => {
  it('RFC 4616: PLAIN sends user and password at once', () => {
    expect(start('PLAIN').initialResponse?.toString()).toBe('\0user\0pencil')
    const other = startSasl('PLAIN', { ...credentials, authorizationId: 'boss' }, () => NO_BYTES)
    expect(other.initialResponse?.toString()).toBe('boss\0user\0pencil')
  })

  it('C-72: LOGIN sends the user, then the password, whatever it is asked', async () => {
    const login = start('LOGIN')
    expect(login.initialResponse).toBeUndefined()
    expect(await text(login.respond(Buffer.from('Password:')))).toBe('user')
    expect(await text(login.respond(NO_BYTES))).toBe('pencil')
    expect(() => login.respond(NO_BYTES)).toThrow('one challenge too many')
  })

  it('RFC 2195: CRAM-MD5 answers as in its example', async () => {
    const tim = { ...credentials, user: 'tim', password: 'tanstaaftanstaaf' }
    const cram = startSasl('CRAM-MD5', tim, () => NO_BYTES)
    const challenge = Buffer.from('<1896.697170952@postoffice.reston.mci.net>')
    expect(await text(cram.respond(challenge))).toBe('tim b913a602c7eda7a495b4e6e7334d3890')
  })

  it('XOAUTH2 shows its token, and gives way after an error', async () => {
    const oauth = start('XOAUTH2')
    expect(oauth.initialResponse?.toString()).toBe('user=user\x01auth=Bearer pencil\x01\x01')
    expect(await text(oauth.respond(Buffer.from('{"status":"401"}')))).toBe('')
  })

  it('RFC 7628: OAUTHBEARER shows its token, and gives way after an error', async () => {
    const oauth = start('OAUTHBEARER')
    const expected = 'n,a=user,\x01host=mx.example\x01port=587\x01auth=Bearer pencil\x01\x01'
    expect(oauth.initialResponse?.toString()).toBe(expected)
    expect(await text(oauth.respond(Buffer.from('{"status":"401"}')))).toBe('\x01')
  })
})

describe('SCRAM-SHA-256', () => {
  it('RFC 7677: exchanges what its example does', async () => {
    const scram = start('SCRAM-SHA-256')
    expect(scram.initialResponse?.toString()).toBe(`n,,n=user,r=${NONCE}`)
    expect(await text(scram.respond(Buffer.from(SERVER_FIRST)))).toBe(
      `c=biws,r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,` +
        'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    )
    expect(await text(scram.respond(Buffer.from(SERVER_FINAL)))).toBe('')
    expect(() => scram.succeed()).not.toThrow()
  })

  it('does not believe a server that has proven nothing', async () => {
    const scram = start('SCRAM-SHA-256')
    expect(() => scram.succeed()).toThrow('the server has not proven who it is')
    await scram.respond(Buffer.from(SERVER_FIRST))
    expect(() => scram.succeed()).toThrow('the server has not proven who it is')
  })

  it.each([
    ['v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', 'the signature of the server is wrong'],
    ['v=', 'the signature of the server is wrong'],
    ['e=invalid-proof', 'the server says invalid-proof'],
    ['nonsense', 'the signature of the server is wrong'],
  ])('refuses the last word %s', async (word, reason) => {
    const scram = start('SCRAM-SHA-256')
    await scram.respond(Buffer.from(SERVER_FIRST))
    expect(() => scram.respond(Buffer.from(word))).toThrow(reason)
  })

  it.each([
    [SERVER_FIRST.replace('rOpr', 'rXpr'), 'does not continue ours'],
    [`r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, 'does not continue ours'],
    [SERVER_FIRST.replace('4096', '4095'), 'expected an iteration count'],
    [SERVER_FIRST.replace('4096', '2000000000'), 'expected an iteration count'],
    [`m=ext,${SERVER_FIRST}`, 'cannot be read'],
    ['', 'cannot be read'],
  ])('refuses the challenge %s', async (challenge, reason) => {
    await expect(start('SCRAM-SHA-256').respond(Buffer.from(challenge))).rejects.toThrow(reason)
  })
})

it('whatever the server says, the answer is octets or a SaslError', async () => {
  const mechanisms = fc.constantFrom<SaslMechanism>('SCRAM-SHA-256', 'CRAM-MD5', 'PLAIN', 'LOGIN')
  const challenges = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(mechanisms, challenges, async (mechanism, said) => {
      const exchange = start(mechanism)
      for (const challenge of said) {
        try {
          expect(Buffer.isBuffer(await exchange.respond(challenge))).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ name: 'SaslError' })
          return
        }
      }
    }),
  )
})
