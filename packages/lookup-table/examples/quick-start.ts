import { systemClock } from '@posthouse/clock'
import { ClientList, openTable, TableList, tableFiles, tableOpener } from '@posthouse/lookup-table'

const environment = {
  ...tableFiles,
  variables: process.env,
  random: Math.random,
  clock: systemClock,
  warn: (text: string) => console.log('warning:', text),
  smtputf8: true,
}

const rules = openTable('regexp:{ {/^(.+)@old[.]example$/ $1@example.net}, {/[/ x} }', environment)
console.log(await rules.lookup('Ann@old.example'))

const maps = new TableList('inline:{ann@example.net=ann@home.example}, fail:x', {
  name: 'virtual_alias_maps',
  environment,
})
console.log(await maps.lookup('Ann@Example.net'))

const clients = new ClientList('!10.0.0.9, cidr:{ {10.0.0.0/24 yes} }, example.org', {
  name: 'qmqpd_authorized_clients',
  subdomains: 'parent',
  openTable: tableOpener(environment),
})
console.log(await clients.matches('unknown', '10.0.0.1'))
console.log(await clients.matches('unknown', '10.0.0.9'))
console.log(await clients.matches('list.example.org', '192.0.2.1'))
