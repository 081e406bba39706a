export type { OpenFile, PostcatPorts } from './ports.ts'
export { runPostcat } from './run-postcat.ts'
