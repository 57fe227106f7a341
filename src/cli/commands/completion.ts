/** `completion`: a script for a shell, on standard output. */
import { exitCodes, usage } from '../../errors.ts'
import type { Arguments } from '../arguments.ts'
import { completionScript, shells } from '../completion.ts'

export function completion({ shell }: Arguments<'completion'>): number {
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
