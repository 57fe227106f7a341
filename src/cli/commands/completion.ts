/** `completion`: a script for a shell, on standard output. */
import { exitCodes, BulkUpdateError } from '../../model/errors.ts'
import { shells } from '../command-table.ts'
import type { Arguments } from '../command-table.ts'
import { completionScripts } from '../completion.ts'

export function completion({ shell }: Arguments<'completion'>): number {
  const known = shells.find((name) => name === shell)
  if (known === undefined) {
    throw new BulkUpdateError(
      'E_OPTION_CHOICE',
      `Invalid shell "${shell}": use ${shells.slice(0, -1).join(', ')} or ${shells.at(-1)}`,
      'Write it like: rapyd-bulk completion bash',
    )
  }
  process.stdout.write(completionScripts[known])
  return exitCodes.OK
}
