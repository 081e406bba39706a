import { runPostcat } from '@posthouse/postcat'

// What `cat` would show: types, lengths and texts of records.
const file = Buffer.from('S\x09a@exampleR\x09b@exampleM\0N\x0bSubject: hiN\0N\x05HelloX\0E\0')

const status = await runPostcat(['-bh'], {
  openFile: () => Promise.reject(new Error('no files here')),
  readInput: async () => file,
  queueOf: () => ({ directory: '/var/spool/postfix', hashQueueNames: [], hashQueueDepth: 1 }),
  reasonOf: String,
  stdout: (bytes) => process.stdout.write(bytes),
  stderr: (bytes) => process.stderr.write(bytes),
})
console.log(`exit status ${status}`)
