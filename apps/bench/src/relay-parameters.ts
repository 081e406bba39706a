/** Lines of main.cf that both systems get: a relay of QMQP mail to the sink. */
export function relayParameters(directory: string, sinkPort: number, mailOwner: string): string {
  return `\
compatibility_level = 3.6
queue_directory = ${directory}/queue
mail_owner = ${mailOwner}
myhostname = bench.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:${sinkPort}
qmqpd_authorized_clients = 127.0.0.1
maillog_file = ${directory}/mail.log
maillog_file_prefixes = ${directory}
`
}
