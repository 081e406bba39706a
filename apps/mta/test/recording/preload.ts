// For `node --import`: the program gets the recording twin of @posthouse/config.
import { registerHooks } from 'node:module'

const RECORDING = new URL('./recording-config.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@posthouse/config' && context.parentURL !== RECORDING
      ? { url: RECORDING, shortCircuit: true }
      : next(specifier, context),
})
