import {
  type Environment,
  parseMainCf,
  resolveConfig,
  transportParameters,
} from '@posthouse/config'

const environment: Environment = {
  hostname: 'localhost',
  configDirectory: '/etc/postfix',
  processName: 'demo',
  processId: 1,
  interfaceAddresses: ['127.0.0.1/8'],
  readFile: () => new Uint8Array(),
}

const text = `
myhostname = mx.example.test
smtp_connect_timeout = 1m
relay_domains = $mydomain, example.org
slow_destination_rate_delay = 2s
`
const mainCf = parseMainCf(text, '/etc/postfix/main.cf')
const config = resolveConfig({ mainCf, overrides: [['soft_bounce', 'yes']], environment })

console.log(config.smtp_connect_timeout, config.soft_bounce, config.relay_domains.join(' '))
console.log(transportParameters(config, 'slow').destination_rate_delay)

try {
  resolveConfig({ mainCf, overrides: [['max_use', 'many']], environment })
} catch (error) {
  console.log(String(error))
}
