/** `completion`: a script for a shell, on standard output. */
import { exitCodes } from '../../errors.ts'
import { usage } from '../../options.ts'
import { completionScript, shells } from '../completion.ts'

export interface CompletionArguments {
  readonly shell: string
}

export function completion({ shell }: CompletionArguments): number {
  const known = shells.find((name) => name === shell)
  if (known === undefined) {
    throw usage(
      'E_OPTION_CHOICE',
      `the shell is none of ${shells.join(', ')}`,
      'Write it like: completion bash.',
    )
  }
  process.stdout.write(completionScript(known))
  return exitCodes.OK
}
