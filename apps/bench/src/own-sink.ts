// A program of its own, so that its work is not counted as the mail system's: takes mail over SMTP,
// throws it away, and prints how many messages it has had.
import { SMTPServer } from 'smtp-server'

let received = 0
const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  onData(stream, _session, callback) {
    stream.resume()
    stream.on('end', () => {
      received++
      process.stdout.write(`mesg=${received}\r`)
      callback()
    })
  },
})
server.listen(Number(process.argv[2]), '127.0.0.1')
