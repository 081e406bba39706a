import { openCidrTable } from './cidr-table.ts'
import { openPipeTable, openUnionTable } from './composed-table.ts'
import { openEnvironTable } from './environ-table.ts'
import { openFailTable } from './fail-table.ts'
import { openInlineTable } from './inline-table.ts'
import { openLmdbTable } from './lmdb-table.ts'
import { openPcreTable } from './pcre-table.ts'
import { openRandTable } from './rand-table.ts'
import { openRegexpTable } from './regexp-table.ts'
import { openSocketmapTable } from './socketmap-table.ts'
import { openStaticTable } from './static-table.ts'
import type { TableType } from './table-type.ts'
import { openTcpTable } from './tcp-table.ts'
import { openTexthashTable } from './texthash-table.ts'

const TYPES: ReadonlyMap<string, TableType> = new Map<string, TableType>([
  ['cidr', openCidrTable],
  ['environ', openEnvironTable],
  ['fail', openFailTable],
  ['inline', openInlineTable],
  ['lmdb', openLmdbTable],
  ['pcre', openPcreTable],
  ['pipemap', openPipeTable],
  ['randmap', openRandTable],
  ['regexp', openRegexpTable],
  ['socketmap', openSocketmapTable],
  ['static', openStaticTable],
  ['tcp', openTcpTable],
  ['texthash', openTexthashTable],
  ['unionmap', openUnionTable],
])

const INDEXED_HINT =
  'use the source file as a texthash table, or make it an lmdb table with "postmap lmdb:FILE"'
const CLIENT_HINT =
  'export the data to an lmdb or texthash table, or serve it through a socketmap table'
const HINTS: ReadonlyMap<string, string> = new Map([
  ...['btree', 'cdb', 'dbm', 'hash', 'sdbm'].map((type) => [type, INDEXED_HINT] as const),
  ...['ldap', 'memcache', 'mongodb', 'mysql', 'netinfo', 'nis', 'nisplus', 'pgsql', 'sqlite'].map(
    (type) => [type, CLIENT_HINT] as const,
  ),
  ['debug', 'use the table without "debug:"'],
  ['proxy', 'use the table without "proxy:"'],
  ['unix', 'export what is needed to a texthash table'],
])

/** The types of tables that there are, sorted: `postconf -m` (G-50). */
export const tableTypes: readonly string[] = [...TYPES.keys()].sort()

/** What opens tables of the type. Names of types are case-sensitive. */
export function findTableType(type: string): TableType | undefined {
  return TYPES.get(type)
}

/** What to use instead of a type that Postfix has and we do not. */
export function replacementFor(type: string): string | undefined {
  return HINTS.get(type)
}
