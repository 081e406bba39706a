export { type AssignmentStyle, assignmentText } from './assignment-text.ts'
export type { EditAction } from './command-line.ts'
export { type Edited, editMainCf, type MainEdit, parseMainEdit } from './edit-main.ts'
export {
  type EntryEdit,
  editEntries,
  editServices,
  parseEntryEdit,
  parseServiceEdit,
  type ServiceEdit,
} from './edit-master.ts'
export type { EntryChange } from './entry-change.ts'
export { PostconfError, type PostconfErrorCode } from './errors.ts'
export {
  type MasterEntries,
  type MasterEntry,
  parseMasterEntries,
} from './master-entry.ts'
export { type MasterStyle, masterText } from './master-text.ts'
export type {
  BounceTemplateValues,
  PostconfPorts,
  ShowBounceTemplates,
  ShownBounceTemplates,
} from './ports.ts'
export { type LockFile, replaceFile } from './replace-file.ts'
export { runPostconf } from './run-postconf.ts'
export type { ServicePattern } from './service-pattern.ts'
