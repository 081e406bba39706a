export {
  type CompatibilityLevel,
  compareCompatibilityLevels,
  parseCompatibilityLevel,
} from './compatibility-level.ts'
export { type Config, resolveConfig } from './config.ts'
export { loadMainCf, loadMasterCf } from './config-files.ts'
export type { Environment, ReadFile } from './environment.ts'
export { ConfigError, type ConfigErrorCode, type ConfigErrorDetails } from './errors.ts'
export { type InetService, parseInetService } from './inet-service.ts'
export { type KnownTcpPorts, parseKnownTcpPorts } from './known-tcp-ports.ts'
export { expandMacros, type MacroLookup } from './macro.ts'
export { type MainCf, type MainCfEntry, parseMainCf } from './main-cf.ts'
export {
  type MasterCf,
  type MasterCfOptions,
  type MasterService,
  type MasterServiceType,
  parseMasterCf,
} from './master-cf.ts'
export type { Wakeup } from './master-fields.ts'
export type { Parameter } from './parameter.ts'
export type { ParameterValue } from './parameter-value.ts'
export {
  isKnownParameter,
  type ParameterName,
  type ParameterValues,
  parameters,
  type TransportParameterName,
  type TransportParameters,
} from './registry.ts'
export type { ConfigSource, Settings } from './settings.ts'
export { transportParameters } from './transport-parameters.ts'
export { unusedParameters } from './unused-parameters.ts'
