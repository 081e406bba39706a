import { Readable } from 'node:stream'

import { runSendmail } from '@posthouse/sendmail'

const letter = 'To: ann@example.org\nSubject: tea\n\nAt five.\n.\nnot sent\n'

const status = await runSendmail(['-t', '-f', 'bob@example.com'], {
  input: Readable.from([Buffer.from(letter)]),
  stdout: (bytes) => process.stdout.write(bytes),
  stderr: (bytes) => process.stderr.write(bytes),
  open: () => ({
    user: { id: 1000, name: 'bob', fullName: 'Bob' },
    maySubmit: true,
    lineLengthLimit: 2048,
    headerSizeLimit: 102_400,
    headerAddressTokenLimit: 10_240,
    fixLineEndings: 'always',
    defaultVerpDelimiters: '+=',
    verpDelimiterFilter: '-=+',
    smtp: {
      hostname: 'mail.example.com',
      mailName: 'Postfix',
      maxMessageBytes: 10_240_000,
      smtputf8: true,
      date: () => new Date().toUTCString(),
    },
    submit: async (records) => {
      for await (const piece of records) console.log(JSON.stringify(piece.toString()))
      return { kind: 'stored' }
    },
  }),
  postqueue: async () => 69,
  postalias: async () => 0,
  start: async () => {},
})
console.log(status)
