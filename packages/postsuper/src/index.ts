export { PostsuperError } from './errors.ts'
export { nodeQueueTree } from './node-queue-tree.ts'
export type {
  PostsuperPorts,
  QueuePorts,
  QueueSettings,
  QueueTree,
  TreeEntry,
} from './ports.ts'
export { repairQueue } from './repair.ts'
export { runPostsuper } from './run-postsuper.ts'
