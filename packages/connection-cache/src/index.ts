export type { ConnectionCacheOptions } from './connection-cache.ts'
export { ConnectionCache } from './connection-cache.ts'
