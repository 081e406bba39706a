#!/usr/bin/env node
// Plain JavaScript that old releases of Node can read, so that they can say what is wrong.
import { sep } from 'node:path'
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

const CONDITION = '--conditions=@posthouse/source'
const script = fileURLToPath(import.meta.url)

// Installed, it runs what was built. In a checkout it runs the sources, built or not, which resolve
// to each other only with a condition that Node takes when it starts.
if (script.split(sep).includes('node_modules')) await import('../dist/main.js')
else if (process.execArgv.includes(CONDITION)) await import('../src/main.ts')
else restartOnSource()

function restartOnSource() {
  if (process.execve === undefined) {
    console.error(`posthouse: fatal: run it as: node ${CONDITION} ${script}`)
    process.exit(1)
  }
  // By the path that it was called by: a link may have the name of a tool.
  const args = [process.execPath, ...process.execArgv, CONDITION, ...process.argv.slice(1)]
  process.execve(process.execPath, args, process.env)
}
