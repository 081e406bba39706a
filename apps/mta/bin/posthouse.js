#!/usr/bin/env node
// Plain JavaScript that old releases of Node can read, so that they can say what is wrong.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const OLDEST = [22, 19]

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `posthouse: fatal: this is Node ${process.versions.node}; Node ${OLDEST.join('.')} or newer is needed` +
      ' (the repository brings its own: npm ci, then npm start)',
  )
  process.exit(1)
}

// How many calls to the file system may wait for the disk side by side.
process.env.UV_THREADPOOL_SIZE ??= '16'

const built = new URL('../dist/main.js', import.meta.url)
const source = new URL('../src/main.ts', import.meta.url)
const CONDITION = '--conditions=@posthouse/source'

if (!existsSync(source) || !process.execArgv.includes(CONDITION)) {
  if (existsSync(built)) await import(built.href)
  else restartOnSource()
} else {
  await import(source.href)
}

// In a checkout that was not built, the packages resolve to their sources only with a condition
// that Node takes when it starts.
function restartOnSource() {
  if (process.execve === undefined) {
    console.error('posthouse: fatal: run "npm run build" first, or use the Node of the repository')
    process.exit(1)
  }
  const script = fileURLToPath(import.meta.url)
  const args = [process.execPath, ...process.execArgv, CONDITION, script, ...process.argv.slice(2)]
  process.execve(process.execPath, args, process.env)
}
