import { randomBytes } from 'node:crypto'

import { chooseMechanism, startSasl } from '@posthouse/sasl-client'

// What the server offers, and what will not do: the password must not be shown.
const mechanism = chooseMechanism(['PLAIN', 'LOGIN', 'CRAM-MD5'], ['noplaintext'])
if (mechanism === undefined) throw new Error('the server offers nothing that will do')

const credentials = { user: 'alice', password: 'secret', host: 'mx.example', port: 587 }
const exchange = startSasl(mechanism, credentials, randomBytes)
console.log(mechanism, exchange.initialResponse)

const challenge = Buffer.from('<1896.697170952@mx.example>')
console.log(String(await exchange.respond(challenge)))
exchange.succeed() // The server has said that all is well.
