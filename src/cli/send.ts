/** What all commands that send share: progress and confirmation on the terminal, the summary on standard output. */
import { createInterface } from 'node:readline/promises'
import type { UpdateResult } from '../bulk-update.ts'
import { systemClock } from '../client/clock.ts'
import { printable } from '../domain/printable.ts'
import { exitCodes } from '../errors.ts'
import { isProduction, logLevels, parseDuration, resolveOrigin, usage } from '../options.ts'
import type { UpdateOptions } from '../options.ts'
import type { DuplicatePolicy } from '../pipeline/duplicates.ts'
import { parseFinishBy } from '../report/finish-by.ts'
import { summaryText } from '../report/summary.ts'
import type { Watch } from '../run-parts.ts'
import { readKey } from './credentials.ts'
import { createDisplay } from './display.ts'
import { duplicatesLine } from './duplicates-line.ts'
import { wantsColor } from './output.ts'
import { drainOnSignals } from './shutdown.ts'
import { writeSummaryFiles } from './summary-files.ts'

export interface SendArguments {
  readonly env?: string | undefined
  readonly baseUrl?: string | undefined
  readonly allowHost?: string | undefined
  readonly rate?: string | undefined
  readonly reserve?: string | undefined
  readonly concurrency?: number | undefined
  readonly runsDir?: string | undefined
  readonly stateDir?: string | undefined
  readonly maxOutage?: string | undefined
  readonly finishBy?: string | undefined
  readonly readBack?: boolean | undefined
  readonly limit?: number | undefined
  readonly confirmProduction?: string | undefined
  readonly resultsFormat?: string | undefined
  readonly metricsFile?: string | undefined
  readonly logLevel?: string | undefined
  readonly faults?: string | undefined
  readonly seed?: number | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly color?: boolean | undefined
}

/** What the flags of `SendArguments` say. */
export type SendOptions = Omit<UpdateOptions, 'input'>

export interface SendWords {
  /** Said of a run that was finished before. */
  readonly finishedBefore: string
  readonly duplicates?: DuplicatePolicy | undefined
}

/** `where` is where the calls go if the flags do not say. `begin` gives nothing where there was nothing to do. */
export async function send(
  args: SendArguments,
  where: Pick<UpdateOptions, 'env' | 'baseUrl' | 'allowHost'>,
  begin: (options: SendOptions, watch: Watch, signal: AbortSignal) => Promise<UpdateResult | undefined>,
  words: SendWords,
): Promise<number> {
  const env = environments.find((name) => name === args.env) ?? where.env ?? 'sandbox'
  const isElsewhere = args.env !== undefined && args.env !== where.env
  const baseUrl = args.baseUrl ?? process.env['RAPYD_BASE_URL'] ?? (isElsewhere ? undefined : where.baseUrl)
  const allowHost = args.allowHost ?? where.allowHost
  const accessKey = readKey('RAPYD_ACCESS_KEY', process.env)
  const secretKey = readKey('RAPYD_SECRET_KEY', process.env)
  const production = env !== 'simulator' && isProduction(resolveOrigin(env, baseUrl, allowHost))
  const display = createDisplay({
    stream: process.stderr,
    quiet: args.quiet ?? false,
    color: wantsColor(process.stderr, args.color),
    finishBy: args.finishBy === undefined ? undefined : parseFinishBy(args.finishBy, systemClock.wall()),
    clock: systemClock,
  })
  const watch: Watch = {
    confirm: async ({ host, account, scan }) => {
      display.clear()
      const line = duplicatesLine(scan, words.duplicates)
      if (line !== undefined && args.quiet !== true) display.say(line)
      if (production) await confirmProduction(host, account, scan.rows, scan.cleared, args.confirmProduction)
    },
    onSnapshot: display.onSnapshot,
    onEvent: display.onEvent,
  }
  const { signal, release } = drainOnSignals(display.say)
  try {
    const { rate, reserve, concurrency, runsDir, stateDir, limit, readBack, faults, seed } = args
    const maxOutageMs = args.maxOutage === undefined ? undefined : parseDuration('max-outage', args.maxOutage)
    const options = {
      env,
      ...given({ baseUrl, accessKey, secretKey, allowHost, rate, reserve, concurrency, runsDir, limit }),
      ...given({
        stateDir,
        maxOutageMs,
        readBack,
        faults,
        seed,
        logLevel: logLevels.find((level) => level === args.logLevel),
      }),
      resultsFormat: args.resultsFormat === 'ndjson' ? 'ndjson' : 'csv',
    } as const
    const result = await begin(options, watch, signal)
    display.stop()
    if (result === undefined) return exitCodes.OK
    const color = wantsColor(process.stdout, args.color)
    if (args.json === true) process.stdout.write(`${JSON.stringify(result.summary)}\n`)
    else process.stdout.write(summaryText(result.summary, result.directory, color))
    if (result.stopped !== undefined)
      process.stderr.write(`rapyd-bulk: ${printable(result.stopped.message)} [${result.stopped.code}]\n`)
    const exitCode = writeSummaryFiles(result.summary, result.exitCode, { metricsFile: args.metricsFile })
    process.stderr.write(`${result.finishedBefore ? words.finishedBefore : printable(result.summary.next)}\n`)
    return exitCode
  } finally {
    display.stop()
    release()
  }
}

const environments = ['sandbox', 'production', 'simulator'] as const

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
export function given<Values extends Record<string, unknown>>(values: Values): Given<Values> {
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
