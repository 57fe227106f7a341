#!/usr/bin/env node
// The first file that runs. Its syntax is old, so that an old Node can read it and report its version,
// instead of failing inside a dependency.
import module from 'node:module'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'

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
} else {
  // A cache of compiled code in the user's cache folder halves the time to start
  const cache = cacheFolder()
  if (path.isAbsolute(cache)) module.enableCompileCache(path.join(cache, 'rapyd-bulk'))
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
}

function cacheFolder() {
  try {
    return process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache')
  } catch {
    // The user of a container may have no home
    return ''
  }
}
