/** Runs one command line after another in one process, for a lane of thousands: Node and the program are loaded once. */
import { main } from '../../src/cli/main.ts'

/** One command line, and where it is run. */
export interface HostedCommand {
  readonly folder: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** For standard input. Such a command has a process of its own. */
  readonly input?: string | undefined
}

process.umask(0o077)
process.setMaxListeners(0)
process.stdout.setMaxListeners(0)
process.stderr.setMaxListeners(0)

/** Gives what is written to a stream meanwhile, instead of writing it. */
function capture(stream: NodeJS.WriteStream): () => string {
  let text = ''
  const write = stream.write.bind(stream)
  stream.write = (piece: string | Uint8Array): boolean => {
    text += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8')
    return true
  }
  return () => {
    stream.write = write
    return text
  }
}

async function runHosted({ folder, args, env }: HostedCommand): Promise<void> {
  Object.assign(process.env, env)
  process.chdir(folder)
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)]
  const code = await main(args)
  process.send?.({ code, stdout: stdout(), stderr: stderr() })
}

process.on('message', (command: HostedCommand) => void runHosted(command))
process.on('disconnect', () => process.exit())
