#!/usr/bin/env node
// The first file that runs. Its syntax is old, so that an old Node can read it and report its version,
// instead of failing inside a dependency.
import module from 'node:module'
import os from 'node:os'
import path from 'node:path'

// Before any file is made.
process.umask(0o077)
closeOpenings()

const found = process.versions.node.split('.').map(Number)

if (Number(found[0]) < 24 || (Number(found[0]) === 24 && Number(found[1]) < 15)) {
  process.stderr.write(
    'rapyd-bulk needs Node 24.15 or newer; this is Node ' +
      process.versions.node +
      '.\n' +
      'Install a newer Node. In a checkout, `npm ci` brings one along: start with `npm start -- <command>`,' +
      ' and do not install with --ignore-scripts.\n',
  )
  process.exitCode = 2
} else if (
  /heapsnapshot-near-heap-limit/.test([process.env['NODE_OPTIONS'], ...process.execArgv].join(' '))
) {
  process.stderr.write(
    'rapyd-bulk: with --heapsnapshot-near-heap-limit, Node would write the keys into a file [E_USAGE]\n' +
      'Start it without that option of Node. Nothing was sent.\n',
  )
  process.exitCode = 2
} else {
  await enableCache()
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
}

/** What Node offers for debugging would write the keys of the environment into files, or open a port. */
function closeOpenings() {
  const { report } = process
  report.excludeEnv = true
  const isReportOnSignal = report.reportOnSignal
  // Heap snapshots (`--heapsnapshot-signal`) hold keys, and SIGUSR1 opens the inspector.
  for (const signal of new Set(['SIGUSR1', ...process.eventNames()])) {
    if (!String(signal).startsWith('SIG')) continue
    process.removeAllListeners(signal)
    if (!['SIGTERM', 'SIGINT', 'SIGHUP'].includes(String(signal))) process.on(signal, () => {})
  }
  report.reportOnSignal = false
  report.reportOnSignal = isReportOnSignal
}

/** A cache of compiled code in the user's cache folder halves the time to start. */
async function enableCache() {
  const parent = cacheFolder()
  if (!path.isAbsolute(parent)) return
  const folder = path.join(parent, 'rapyd-bulk')
  const { isOwnFolder } = await import('../config/owners.mjs')
  const cache = isOwnFolder(folder) ? folder : await makeCache(folder)
  if (cache !== undefined) module.enableCompileCache(cache)
}

/** @param {string} folder */
async function makeCache(folder) {
  const { openCodeCache } = await import('../config/own-files.ts')
  return openCodeCache(folder)
}

function cacheFolder() {
  try {
    return process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache')
  } catch {
    // The user of a container may have no home
    return ''
  }
}
