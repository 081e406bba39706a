import { Downgrade, MimeStream } from '@posthouse/mime-stream'

// The parameters of main.cf that they are named for, here with their defaults.
const limits = {
  headerSizeLimit: 102_400,
  lineLengthLimit: 2048,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
}
const message = [
  'Subject: two parts',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Transfer-Encoding: 8bit',
  '',
  'café = 10€',
  '--b--',
  '',
].join('\n')

const stream = new MimeStream({ ...limits, disableMimeInputProcessing: false }, (event) => {
  if (event.kind === 'header') console.log(event.checks, JSON.stringify(`${event.text}`))
  else console.log(event.kind, JSON.stringify(`${event.raw}`))
})
stream.push(Buffer.from(message))
stream.end()
console.log([...stream.errors])

const sent: Uint8Array[] = []
const downgrade = new Downgrade(limits, ({ raw }) => sent.push(raw))
downgrade.push(Buffer.from(message))
downgrade.end()
console.log(Buffer.concat(sent).toString().split('\n').slice(4, 7))
