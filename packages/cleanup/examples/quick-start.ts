import { Cleanup, type CleanupOptions, type MessageStore, qmqpReply } from '@posthouse/cleanup'
import { memoryLogger } from '@posthouse/mail-log'

const options: CleanupOptions = {
  hostname: 'mail.example.com',
  mailName: 'Postfix',
  lineLengthLimit: 2048,
  headerSizeLimit: 102_400,
  headerAddressTokenLimit: 10_240,
  messageSizeLimit: 10_240_000,
  hopcountLimit: 50,
  messageDropHeaders: ['bcc', 'content-length', 'resent-bcc', 'return-path'],
  replaceStrayCr: true,
  alwaysAddMissingHeaders: false,
  undisclosedRecipientsHeader: '',
  detect8bitEncodingHeader: true,
  tlsRequiredHeader: true,
  requireTlsHeader: true,
  emptyAddressRecipient: 'MAILER-DAEMON',
  enableOriginalRecipient: true,
  duplicateFilterLimit: 1000,
  alwaysBcc: '',
  contentFilter: '',
  delayWarningTimeMs: 0,
  longQueueIds: false,
  verpDelimiterFilter: '-=+',
  clientPortLogging: false,
  bodyChecksSizeLimit: 51_200,
  disableMimeInputProcessing: false,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
  strict7bitHeaders: false,
  strict8bitmimeBody: false,
  strictMimeEncodingDomain: false,
  messageRejectCharacters: new Uint8Array(0),
  messageStripCharacters: new Uint8Array(0),
  nonEmptyEndOfHeaderAction: 'fix_quietly',
  infoLogAddressFormat: 'external',
  smtputf8: true,
  smtputf8Autodetect: false,
}

// Or `await QueueStore.open(…)` of @posthouse/queue-store.
const store: MessageStore = {
  create: async () => ({
    id: '4F8A023020C',
    createTimeMs: 0,
    start: () => 10_240_000,
    append: () => Promise.reject(new Error('not reached')),
    finish: () => Promise.reject(new Error('not reached')),
    abort: async () => console.log('queue file removed'),
  }),
}

const { logger: log, lines } = memoryLogger()
const rewrite = (address: string) => (address.includes('@') ? address : `${address}@example.com`)
const addresses = { rewrite, rewriteExternal: rewrite }
const ports = { store, queue: 'incoming', ...addresses, log, zoneName: () => 'UTC' } as const
const cleanup = new Cleanup(options, ports)

const client = { name: 'localhost', address: '127.0.0.1', port: 4242, family: 4 } as const
const transaction = await cleanup.open(client)
const result = await transaction.submit({
  content: Buffer.from('Received: from elsewhere\n'.repeat(49)),
  sender: 'list@example.org',
  recipients: ['someone'],
  arrivalTimeMs: 0,
})
console.log(qmqpReply(result))
for (const line of lines) console.log(line)
