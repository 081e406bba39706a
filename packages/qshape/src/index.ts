export { AgeTable, type AgeTableOptions } from './age-table.ts'
export { type QshapePorts, runQshape } from './run-qshape.ts'
