/** What all commands that send share: progress, the question for production, and the summary. */
import { options as table, type CommandName, type CommandOptions } from '../config/options.ts'
import { parseFinishBy } from '../config/values.ts'
import type { Watch } from '../engine/watch.ts'
import type { UpdateResult } from '../engine/run-job.ts'
import { systemClock } from '../http/clock.ts'
import { BulkUpdateError, exitCodes } from '../model/errors.ts'
import { errorOf } from '../engine/errors.ts'
import type { Scan, UnmatchedName } from '../model/scan.ts'
import { shellWord } from '../model/text.ts'
import { openOutputFile, writeOutputFile } from '../report/output-file.ts'
import { junitStart, metricsStart, toJunit, toMetrics } from '../report/summary-formats.ts'
import { scanLines, summaryText } from '../report/summary-text.ts'
import type { Summary } from '../report/summary.ts'
import { senderOptions, type Destination, type SenderOptions } from './arguments.ts'
import {
  createDisplay,
  describeAddingUp,
  describeClears,
  describeDuplicates,
  describeExtraCalls,
  describePrice,
  describeUnmatched,
  describeWarnings,
} from './display.ts'
import {
  askKeyChange,
  drainOnSignals,
  isScreen,
  isTyped,
  printColoured,
  printJson,
  say,
  sayError,
  sayLines,
  wantsColor,
} from './terminal.ts'

/** The options that all commands that send have, and those that only `update` has. */
type SendArguments = CommandOptions<'rollback'> &
  Partial<Pick<CommandOptions<'update'>, 'duplicates' | 'expectRows'>>

export interface SendWords {
  readonly command: CommandName
  /** For a run that was finished before. */
  readonly finishedBefore: string
}

/** Runs a command that sends, and returns its exit code. `start` returns undefined if there is nothing to do. */
export async function send<Args extends SendArguments>(
  args: Args,
  fallback: Destination,
  start: (
    options: SenderOptions<Args>,
    watch: Watch,
    signal: AbortSignal,
  ) => Promise<UpdateResult | undefined>,
  { command, finishedBefore }: SendWords,
): Promise<number> {
  const { options, production } = senderOptions(args, fallback)
  const { metricsFile, quiet = false } = args
  // Fails before hours of sending, not after them
  if (metricsFile !== undefined)
    openOutputFile(metricsFile, 'run the same command again. Nothing was sent.', metricsStart).discard()
  using display = createDisplay({
    stream: process.stderr,
    draw: quiet || !isScreen(process.stderr) ? undefined : (await import('log-update')).createLogUpdate,
    quiet,
    color: wantsColor(process.stderr, args.color),
    finishBy: args.finishBy === undefined ? undefined : parseFinishBy(args.finishBy, systemClock.wall()),
    clock: systemClock,
  })
  using stopping = drainOnSignals(display.writeLine)
  const { signal } = stopping
  const watch: Watch = {
    confirm: async ({ host, account, scan, unmatched, price }) => {
      display.clear()
      // Notes about the file make sense only if the rows come from the user's file
      const ofFile = command === 'rollback' ? [] : fileNotes(scan, unmatched, args.duplicates)
      const notes = [...ofFile, describeExtraCalls(scan), describeClears(scan), describePrice(price)]
      if (!quiet) for (const note of notes) if (note !== undefined) display.writeLine(note)
      if (production) await confirmProduction({ host, account }, scan, command, args, signal)
    },
    onKeyChange: askKeyChange(args.acceptKeyChange),
    ...display,
  }
  const result = await start(options, watch, signal)
  display.stop()
  if (result === undefined) return exitCodes.OK
  printSummary(result, args)
  if (result.stopped !== undefined) say(`rapyd-bulk: ${result.stopped.message} [${result.stopped.code}]`)
  const exitCode = writeSummaryFiles(result.summary, result.exitCode, args)
  if (result.finishedBefore) say(finishedBefore)
  // A run that was finished before and left nothing needs no next step
  if (!result.finishedBefore || result.summary.exit_code !== exitCodes.OK) sayLines(result.summary.next)
  return exitCode
}

function fileNotes(
  scan: Scan,
  unmatched: readonly UnmatchedName[],
  duplicates: SendArguments['duplicates'] = table.duplicates.default,
): readonly (string | undefined)[] {
  const notes = [describeDuplicates(scan, duplicates), describeWarnings(scan), describeUnmatched(unmatched)]
  return [...notes, ...scanLines(scan), describeAddingUp(scan)]
}

/** The user confirms production by host and number of rows, so an old command cannot run on a new file. `--expect-rows` names them, too. */
async function confirmProduction(
  { host, account }: { readonly host: string; readonly account: string },
  { rows, cleared }: Scan,
  command: CommandName,
  { confirmProduction: confirmed, expectRows }: SendArguments,
  signal: AbortSignal,
): Promise<void> {
  const expected = `${host}:${rows}`
  if (confirmed === expected || (confirmed === host && expectRows !== undefined)) return
  const clears = [...cleared].map(([field, count]) => `${field} ${count}`).join(', ') || 'none'
  const facts = `Production: ${host}, account ${account}, ${rows} rows, clears: ${clears}`
  const takesRows = table.expectRows.commands.some((name) => name === command)
  const withRows = takesRows ? `, or --confirm-production ${shellWord(host)} together with --expect-rows` : ''
  const question = `${facts}\nType ${expected} to send: `
  if (confirmed === undefined && (await isTyped(expected, question, signal))) return
  throw errorOf('E_NOT_CONFIRMED', 'unconfirmed', { facts, word: shellWord(expected), withRows })
}

export function printSummary(
  { summary, directory }: Pick<UpdateResult, 'summary' | 'directory'>,
  { json, color }: Pick<SendArguments, 'json' | 'color'>,
): void {
  if (json === true) printJson(summary)
  else printColoured(summaryText(summary, directory, wantsColor(process.stdout, color)))
}

/**
 * Writes `--junit` and `--metrics-file`, and returns the exit code. A file that cannot be written changes the code only of a run
 * that reached its end.
 */
export function writeSummaryFiles(
  summary: Summary,
  exitCode: number,
  { junit, metricsFile }: CommandOptions<'report'>,
): number {
  const next = (flag: string): string => `write it with: rapyd-bulk report ${summary.run_id} ${flag} FILE`
  try {
    if (junit !== undefined) writeOutputFile(junit, [toJunit(summary)], next('--junit'), junitStart)
    if (metricsFile !== undefined)
      writeOutputFile(metricsFile, [toMetrics(summary)], next('--metrics-file'), metricsStart)
    return exitCode
  } catch (error) {
    if (!(error instanceof BulkUpdateError)) throw error
    sayError(error)
    return exitCode === exitCodes.OK || exitCode === exitCodes.ROWS ? error.exitCode : exitCode
  }
}
