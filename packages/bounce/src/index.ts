export { formatStatusLogEntry, type StatusLogEntry } from './status-log-entry.ts'
export {
  type ParsedStatusLog,
  parseStatusLog,
  type StatusLogKind,
  type StatusLogRecord,
} from './status-log-reader.ts'
