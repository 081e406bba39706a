export { type Account, type Accounts, parseAccounts } from './accounts.ts'
export { type Unwrapped, unwrapBraces } from './balanced.ts'
export { parseCharacters } from './characters.ts'
export {
  type CompatibilityLevel,
  compareCompatibilityLevels,
  parseCompatibilityLevel,
} from './compatibility-level.ts'
export { compatibilityNotices } from './compatibility-notices.ts'
export { type Config, resolveConfig } from './config.ts'
export { loadMainCf, loadMasterCf, readConfigText } from './config-files.ts'
export type { Environment, ReadFile } from './environment.ts'
export {
  ConfigError,
  type ConfigErrorCode,
  type ConfigErrorDetails,
  explainError,
} from './errors.ts'
export { fileErrorText } from './file-error.ts'
export { importedEnvironment } from './import-environment.ts'
export {
  type InetService,
  type InetServiceName,
  parseInetService,
  type ServicePlace,
} from './inet-service.ts'
export { type KnownTcpPorts, parseKnownTcpPorts } from './known-tcp-ports.ts'
export { lmtpConfig } from './lmtp-config.ts'
export { type LogicalLine, type LogicalLines, readLogicalLines } from './logical-line.ts'
export { expandMacros, type MacroLookup } from './macro.ts'
export { type MainCf, type MainCfEntry, parseAssignment, parseMainCf } from './main-cf.ts'
export {
  type MasterCf,
  type MasterCfOptions,
  type MasterService,
  type MasterServiceType,
  parseMasterCf,
} from './master-cf.ts'
export { splitColumns, type Wakeup } from './master-fields.ts'
export type { Parameter, ParameterGroup } from './parameter.ts'
export type { ParameterValue } from './parameter-value.ts'
export { parametersWithoutEffect } from './parameters-without-effect.ts'
export { type QuietFilePorts, waitUntilQuiet } from './quiet-file.ts'
export { type ReasonWithoutEffect, reasonsWithoutEffect } from './reasons-without-effect.ts'
export {
  isBuiltInParameter,
  isKnownParameter,
  isRawParameter,
  type ParameterGroupEntry,
  type ParameterName,
  type ParameterValues,
  parameterGroups,
  parameters,
  type TransportParameterName,
  type TransportParameters,
  transportParameterRows,
} from './registry.ts'
export { type ConfigSource, Settings } from './settings.ts'
export { transportParameters } from './transport-parameters.ts'
export { unsupportedSettings } from './unsupported-settings.ts'
export {
  type ParameterUsage,
  parameterUsage,
  serviceParameters,
  type UsedServices,
  unusedParameters,
} from './unused-parameters.ts'
