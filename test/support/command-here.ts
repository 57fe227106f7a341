/**
 * Runs a command line in this process: for tests of what commands do together, where starting a process for each would take most
 * of the time. Whoever tests the process itself (signals, streams, exit) uses `command.ts`. One at a time.
 */
import { join } from 'node:path'
import { vi } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { freshFolder } from './command.ts'
import type { Finished, Folder } from './command.ts'

export async function runHere(
  args: readonly string[],
  place: { readonly folder: string; readonly env: Readonly<Record<string, string>> },
): Promise<Finished> {
  const before = { folder: process.cwd(), env: { ...process.env } }
  const [stdout, stderr] = [captured(process.stdout), captured(process.stderr)]
  try {
    process.chdir(place.folder)
    replaceEnvironment({ ...place.env, PATH: before.env['PATH'] })
    const code = await main(args)
    return { code, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    stdout.release()
    stderr.release()
    replaceEnvironment(before.env)
    process.chdir(before.folder)
  }
}

/** A fresh folder whose commands run here, but for those that read standard input. */
export function folderHere(): Folder {
  const folder = freshFolder()
  return {
    ...folder,
    run(args, env = {}, input) {
      if (input !== undefined) return folder.run(args, env, input)
      const home = { HOME: folder.path, XDG_STATE_HOME: join(folder.path, '.state') }
      return runHere(args, { folder: folder.path, env: { ...home, ...env } })
    },
  }
}

function captured(stream: NodeJS.WriteStream): { readonly text: () => string; readonly release: () => void } {
  let text = ''
  const write = vi.spyOn(stream, 'write').mockImplementation((piece) => {
    text += String(piece)
    return true
  })
  // Every command listens to its streams, and a process has one command.
  stream.setMaxListeners(0)
  return { text: () => text, release: () => write.mockRestore() }
}

function replaceEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) delete process.env[name]
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value
}
