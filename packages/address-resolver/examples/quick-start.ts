import { AddressResolver, rewriteAddress } from '@posthouse/address-resolver'
import { memoryLogger } from '@posthouse/mail-log'

const rules = {
  myorigin: 'mx.example.test',
  mydomain: 'example.test',
  appendAtMyorigin: true,
  appendDotMydomain: false,
  swapBangpath: true,
  allowPercentHack: true,
}
const options = {
  ...rules,
  myhostname: 'mx.example.test',
  emptyAddressRecipient: 'MAILER-DAEMON',
  resolveDequotedAddress: true,
  resolveNullDomain: false,
  resolveNumericDomain: false,
  allowMinUser: false,
  smtputf8Enable: true,
  helpfulWarnings: true,
  showUserUnknownTableName: true,
  mydestination: (domain: string) => ['mx.example.test', 'localhost'].includes(domain),
  ownAddresses: ['127.0.0.1'],
  virtualAliasDomains: () => false,
  virtualMailboxDomains: () => false,
  relayDomains: (domain: string) => /(^|\.)relay\.test$/.test(domain),
  localTransport: 'local:mx.example.test',
  virtualTransport: 'virtual',
  relayTransport: 'relay',
  defaultTransport: 'smtp',
  relayhost: '[gw.example.test]:587',
}
const resolver = new AddressResolver(options, memoryLogger().logger)

console.log(rewriteAddress('user%dest.test', rules))
for (const recipient of [
  'user@dest.test',
  'user@sub.relay.test',
  'root@localhost',
  'user@-.test',
]) {
  const answer = await resolver.resolve('sender@example.test', recipient)
  if (answer.kind !== 'route') console.log(recipient, answer.kind)
  else console.log(recipient, answer.addressClass, answer.transport, answer.nexthop)
}
