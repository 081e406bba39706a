import { VirtualClock } from '@posthouse/clock'
import { ConnectionCache } from '@posthouse/connection-cache'

const clock = new VirtualClock() // In production: systemClock.
const cache = new ConnectionCache<string>({ maxSessions: 100, maxTtlMs: 2_000 }, clock)
const close = (session: string): void => console.log(`closed ${session}`)

cache.store(['example.com', '192.0.2.1:25'], 'session 1', 2_000, close)
cache.store(['192.0.2.1:25'], 'session 2', 1_000, close)

console.log(cache.take('example.com'))
console.log(cache.take('example.com'))
await clock.run(1_000)
