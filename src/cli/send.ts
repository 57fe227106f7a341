/** What all commands that send share: progress and confirmation on the terminal, the summary on standard output. */
import type { UpdateResult } from '../engine/run-job.ts'
import { systemClock } from '../http/clock.ts'
import { printable } from '../model/text.ts'
import { exitCodes, BulkUpdateError } from '../model/errors.ts'
import { options as table } from '../config/options.ts'
import type { CommandOptions, DuplicatePolicy } from '../config/options.ts'
import { parseFinishBy } from '../config/values.ts'
import type { Scan } from '../model/scan.ts'
import { summaryText } from '../report/summary-text.ts'
import type { Watch } from '../engine/watch.ts'
import { ask, canAsk } from './ask.ts'
import { createDisplay } from './display.ts'
import { duplicatesLine, unmatchedLine, warningsLine } from './notes.ts'
import { isScreen, wantsColor } from './output.ts'
import { senderOptions } from './sender-options.ts'
import type { SenderOptions, Where } from './sender-options.ts'
import { drainOnSignals } from './shutdown.ts'
import { refuseUnwritable, writeSummaryFiles } from './summary-files.ts'

/** What all of them take. */
type SendArguments = CommandOptions<'rollback'>

export interface SendWords {
  /** Said of a run that was finished before. */
  readonly finishedBefore: string
  readonly duplicates?: DuplicatePolicy | undefined
  /** True where the rows are none of a file of the user's. */
  readonly hasOwnRows?: boolean
}

/** `where` is where the calls go if the flags do not say. `begin` gives nothing where there was nothing to do. */
export async function send<Args extends SendArguments>(
  args: Args,
  where: Where,
  begin: (
    options: SenderOptions<Args>,
    watch: Watch,
    signal: AbortSignal,
  ) => Promise<UpdateResult | undefined>,
  words: SendWords,
): Promise<number> {
  const { options, production } = senderOptions(args, where)
  refuseUnwritable(args.metricsFile)
  const quiet = args.quiet ?? false
  const display = createDisplay({
    stream: process.stderr,
    draw: quiet || !isScreen(process.stderr) ? undefined : (await import('log-update')).createLogUpdate,
    quiet,
    color: wantsColor(process.stderr, args.color),
    finishBy: args.finishBy === undefined ? undefined : parseFinishBy(args.finishBy, systemClock.wall()),
    clock: systemClock,
  })
  const { signal, release } = drainOnSignals(display.say)
  const watch: Watch = {
    confirm: async ({ host, account, scan, unmatched }) => {
      display.clear()
      const lines = [
        duplicatesLine(scan, words.duplicates ?? table.duplicates.default),
        warningsLine(scan),
        unmatchedLine(unmatched),
      ]
      const isSaid = words.hasOwnRows !== true && args.quiet !== true
      for (const line of isSaid ? lines : []) if (line !== undefined) display.say(line)
      if (production) await confirmProduction(host, account, scan, args.confirmProduction, signal)
    },
    onSnapshot: display.onSnapshot,
    onEvent: display.onEvent,
  }
  try {
    const result = await begin(options, watch, signal)
    display.stop()
    if (result === undefined) return exitCodes.OK
    const color = wantsColor(process.stdout, args.color)
    if (args.json === true) process.stdout.write(`${JSON.stringify(result.summary)}\n`)
    else process.stdout.write(summaryText(result.summary, result.directory, color))
    if (result.stopped !== undefined)
      process.stderr.write(`rapyd-bulk: ${printable(result.stopped.message)} [${result.stopped.code}]\n`)
    const exitCode = writeSummaryFiles(result.summary, result.exitCode, { metricsFile: args.metricsFile })
    if (result.finishedBefore) process.stderr.write(`${words.finishedBefore}\n`)
    // What it left is worth a line each time; that it left nothing was said.
    if (!result.finishedBefore || result.summary.exit_code !== exitCodes.OK)
      process.stderr.write(`${printable(result.summary.next)}\n`)
    return exitCode
  } finally {
    display.stop()
    release()
  }
}

/** Production is asked for by name and number, so that yesterday's command cannot run on today's file. */
async function confirmProduction(
  host: string,
  account: string,
  { rows, cleared }: Scan,
  confirmed: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const expected = `${host}:${rows}`
  if (confirmed === expected) return
  const clears = [...cleared].map(([field, count]) => `${field} ${count}`).join(', ') || 'none'
  const facts = `Production: ${host}, account ${account}, ${rows} rows, clears: ${clears}`
  const isAsked = confirmed === undefined && canAsk()
  if (isAsked && (await ask(`${facts}\nType ${expected} to send: `, signal)) === expected) return
  throw new BulkUpdateError(
    'E_NOT_CONFIRMED',
    `production was not confirmed. ${facts}`,
    `If this is meant, add --confirm-production ${expected}. Nothing was sent.`,
  )
}
