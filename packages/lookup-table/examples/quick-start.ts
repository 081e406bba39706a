import { ClientList, LookupTableError } from '@posthouse/lookup-table'

const clients = new ClientList('!10.0.0.9, 10.0.0.0/24, example.net, 127.0.0.1/8', {
  name: 'qmqpd_authorized_clients',
  subdomains: 'parent',
})

console.log(clients.matches('unknown', '10.0.0.1'))
console.log(clients.matches('unknown', '10.0.0.9'))
console.log(clients.matches('list.example.net', '192.0.2.1'))
try {
  clients.matches('unknown', '192.0.2.2')
} catch (error) {
  if (error instanceof LookupTableError) console.log(error.message)
}
