export {
  OptionError,
  type ParsedOption,
  type ParsedOptions,
  parseOptions,
} from './parse-options.ts'
