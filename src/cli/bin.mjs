#!/usr/bin/env node
// The first file that runs. Plain old syntax, so that a Node that is too old reads it and says so,
// instead of failing inside a dependency.
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
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
}
