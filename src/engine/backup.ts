/** Whether a run keeps before-images: what its first session decided. */
import type { ResolvedOptions } from '../config/job-options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { Run } from '../model/store.ts'

/**
 * Throws USAGE: E_BACKUP_LATE if the run has sent rows without before-images, because they cannot be read any more;
 * E_OPTION_CONFLICT if customers may not be read.
 */
export async function keepsImages(
  { backup, readBack }: ResolvedOptions,
  run: Pick<Run, 'note' | 'setNote' | 'inDoubt' | 'earlier'>,
): Promise<boolean> {
  const isKept = run.note('backup') === 'yes'
  if (!isKept && !backup) return false
  if (!readBack) {
    throw new BulkUpdateError(
      'E_OPTION_CONFLICT',
      '--backup reads customers, and --no-read-back says that this account may not',
      'Leave one of the two out. Nothing was sent.',
    )
  }
  if (isKept) return true
  const hasSent =
    run.inDoubt.size > 0 ||
    run.earlier.settled.keys().some((kind) => kind !== 'unchanged' && kind !== 'invalid')
  if (hasSent) {
    throw new BulkUpdateError(
      'E_BACKUP_LATE',
      'this run has sent rows without --backup, so it cannot begin to keep what customers held before',
      'Finish it without --backup, or begin another with --new-run --backup. Nothing was sent.',
    )
  }
  await run.setNote('backup', 'yes')
  return true
}
