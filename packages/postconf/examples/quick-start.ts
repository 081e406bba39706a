import { runPostconf } from '@posthouse/postconf'

const files = new Map([
  [
    '/etc/postfix/main.cf',
    '# ours\nmyhostname = mx.example.test\nrelayhost = [relay.example.test]\n',
  ],
  ['/etc/postfix/master.cf', 'smtp unix - - n - - smtp -o syslog_name=out/$service_name\n'],
])
const read = (path: string) => Buffer.from(files.get(path) ?? '')

const postconf = (...args: string[]) =>
  runPostconf(args, {
    environment: {
      hostname: 'localhost',
      configDirectory: '/etc/postfix',
      processName: 'postconf',
      processId: 1,
      interfaceAddresses: ['127.0.0.1/8'],
      readFile: read,
    },
    builtInDirectory: '/etc/postfix',
    replaceFile: (path, edit) => files.set(path, String(edit(read(path)))),
    showBounceTemplates: () => ({ text: '', warnings: [], error: 'no templates here' }),
    opensslVersion: process.versions.openssl,
    publicKeyAlgorithms: () => ['rsa'],
    stdout: (bytes) => process.stdout.write(bytes),
    stderr: (bytes) => process.stderr.write(bytes),
  })

postconf('-x', 'mydomain', 'relayhost')
postconf('-Mf', 'smtp/unix')
postconf('relayhost=', 'soft_bounce = yes')
console.log(files.get('/etc/postfix/main.cf'))
