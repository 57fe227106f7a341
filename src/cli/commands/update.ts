/** `update`: flags → options, progress and confirmation on the terminal, the summary on standard output. */
import { createInterface } from 'node:readline/promises'
import { bulkUpdate } from '../../bulk-update.ts'
import { systemClock } from '../../client/clock.ts'
import { printable } from '../../domain/printable.ts'
import type { Watch } from '../../run-parts.ts'
import { isProduction, logLevels, resolveOrigin, usage } from '../../options.ts'
import { summaryText } from '../../report/summary.ts'
import { readKey } from '../credentials.ts'
import { createDisplay } from '../display.ts'
import { duplicatesLine } from '../duplicates-line.ts'
import { inputOptions } from '../input-options.ts'
import type { InputArguments } from '../input-options.ts'
import { wantsColor } from '../output.ts'
import { drainOnSignals } from '../shutdown.ts'

export interface UpdateArguments extends InputArguments {
  readonly env?: string | undefined
  readonly baseUrl?: string | undefined
  readonly allowHost?: string | undefined
  readonly rate?: string | undefined
  readonly reserve?: string | undefined
  readonly concurrency?: number | undefined
  readonly runId?: string | undefined
  readonly newRun?: boolean | undefined
  readonly runsDir?: string | undefined
  readonly readBack?: boolean | undefined
  readonly limit?: number | undefined
  readonly confirmProduction?: string | undefined
  readonly resultsFormat?: string | undefined
  readonly logLevel?: string | undefined
  readonly faults?: string | undefined
  readonly seed?: number | undefined
}

export async function update(args: UpdateArguments): Promise<number> {
  const env = args.env === 'production' || args.env === 'simulator' ? args.env : 'sandbox'
  const baseUrl = args.baseUrl ?? process.env['RAPYD_BASE_URL']
  const accessKey = readKey('RAPYD_ACCESS_KEY', process.env)
  const secretKey = readKey('RAPYD_SECRET_KEY', process.env)
  const production = env !== 'simulator' && isProduction(resolveOrigin(env, baseUrl, args.allowHost))
  const display = createDisplay({
    stream: process.stderr,
    quiet: args.quiet ?? false,
    color: wantsColor(process.stderr, args.color),
    clock: systemClock,
  })
  const input = inputOptions(args)
  const watch: Watch = {
    confirm: async ({ host, account, scan }) => {
      display.clear()
      const line = duplicatesLine(scan, input.duplicates)
      if (line !== undefined && args.quiet !== true) display.say(line)
      if (production) await confirmProduction(host, account, scan.rows, scan.cleared, args.confirmProduction)
    },
    onSnapshot: display.onSnapshot,
    onEvent: display.onEvent,
  }
  const { signal, release } = drainOnSignals(display.say)
  try {
    const result = await bulkUpdate(
      {
        ...input,
        env,
        ...given({
          baseUrl,
          accessKey,
          secretKey,
          allowHost: args.allowHost,
          rate: args.rate,
          reserve: args.reserve,
        }),
        ...given({
          concurrency: args.concurrency,
          runId: args.runId,
          newRun: args.newRun,
          runsDir: args.runsDir,
          limit: args.limit,
          readBack: args.readBack,
          faults: args.faults,
          seed: args.seed,
          logLevel: logLevels.find((level) => level === args.logLevel),
        }),
        resultsFormat: args.resultsFormat === 'ndjson' ? 'ndjson' : 'csv',
      },
      watch,
      signal,
    )
    display.stop()
    const color = wantsColor(process.stdout, args.color)
    if (args.json === true) process.stdout.write(`${JSON.stringify(result.summary)}\n`)
    else process.stdout.write(summaryText(result.summary, result.directory, color))
    if (result.stopped !== undefined)
      process.stderr.write(`rapyd-bulk: ${printable(result.stopped.message)} [${result.stopped.code}]\n`)
    if (result.finishedBefore)
      process.stderr.write('This run was finished before: nothing was sent. --new-run starts another.\n')
    else process.stderr.write(`${printable(result.summary.next)}\n`)
    return result.exitCode
  } finally {
    display.stop()
    release()
  }
}

/** Production is asked for by name and number, so that yesterday's command cannot run on today's file. */
async function confirmProduction(
  host: string,
  account: string,
  rows: number,
  cleared: ReadonlyMap<string, number>,
  confirmed: string | undefined,
): Promise<void> {
  const expected = `${host}:${rows}`
  if (confirmed === expected) return
  const clears = [...cleared].map(([field, count]) => `${field} ${count}`).join(', ') || 'none'
  const facts = `Production: ${host}, account ${account}, ${rows} rows, clears: ${clears}`
  if (confirmed === undefined && process.stdin.isTTY && process.stderr.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    const answer = await terminal.question(`${facts}\nType ${expected} to send: `)
    terminal.close()
    if (answer.trim() === expected) return
  }
  throw usage(
    'E_NOT_CONFIRMED',
    `production was not confirmed. ${facts}`,
    `If this is meant, add --confirm-production ${expected}. Nothing was sent.`,
  )
}

type Given<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> }

/** Leaves out what was not given, so that `options.ts` alone knows the defaults. */
function given<Values extends Record<string, unknown>>(values: Values): Given<Values> {
  const kept: Given<Values> = {}
  for (const key in values) {
    const value = values[key]
    if (isGiven(value)) kept[key] = value
  }
  return kept
}

function isGiven<Value>(value: Value): value is Exclude<Value, undefined> {
  return value !== undefined
}
