/** Whether a run keeps before-images: what its first session decided. */
import type { ResolvedOptions } from '../config/job-options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { EarlierSessions } from './earlier-sessions.ts'
import type { RunJournal } from '../store/journal.ts'

/**
 * Throws USAGE, E_BACKUP_LATE, where the run has sent rows without: what their customers held before is not to be had any
 * more; and E_OPTION_CONFLICT where customers may not be read.
 */
export function keepsImages(
  { backup, readBack }: ResolvedOptions,
  journal: Pick<RunJournal, 'get' | 'set' | 'inDoubt'>,
  before: EarlierSessions,
): boolean {
  const isKept = journal.get('backup') === 'yes'
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
    journal.inDoubt.size > 0 ||
    before.settled.keys().some((kind) => kind !== 'unchanged' && kind !== 'invalid')
  if (hasSent) {
    throw new BulkUpdateError(
      'E_BACKUP_LATE',
      'this run has sent rows without --backup, so it cannot begin to keep what customers held before',
      'Finish it without --backup, or begin another with --new-run --backup. Nothing was sent.',
    )
  }
  journal.set('backup', 'yes')
  return true
}
