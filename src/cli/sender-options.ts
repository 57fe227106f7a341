/** Flags about where calls go and how fast, as all commands that make some share them. */
import { isProduction, logLevels, parseDuration, resolveOrigin } from '../options.ts'
import type { UpdateOptions } from '../options.ts'

export interface SenderArguments {
  readonly env?: string | undefined
  readonly baseUrl?: string | undefined
  readonly allowHost?: string | undefined
  readonly rate?: string | undefined
  readonly reserve?: string | undefined
  readonly concurrency?: number | undefined
  readonly runsDir?: string | undefined
  readonly stateDir?: string | undefined
  readonly maxOutage?: string | undefined
  readonly readBack?: boolean | undefined
  readonly backup?: boolean | undefined
  readonly limit?: number | undefined
  readonly logLevel?: string | undefined
  readonly faults?: string | undefined
  readonly seed?: number | undefined
}

const environments = ['sandbox', 'production', 'simulator'] as const

/** `where` is where the calls go if the flags do not say. Keys come from the environment. */
export function senderOptions(
  args: SenderArguments,
  where: Pick<UpdateOptions, 'env' | 'baseUrl' | 'allowHost'>,
): { readonly options: Omit<UpdateOptions, 'input'>; readonly production: boolean } {
  const env = environments.find((name) => name === args.env) ?? where.env ?? 'sandbox'
  const isElsewhere = args.env !== undefined && args.env !== where.env
  // Set to nothing, it is not set, as with the keys.
  const fromEnvironment = process.env['RAPYD_BASE_URL'] || undefined
  const baseUrl = args.baseUrl ?? fromEnvironment ?? (isElsewhere ? undefined : where.baseUrl)
  const allowHost = args.allowHost ?? where.allowHost
  const { rate, reserve, concurrency, runsDir, stateDir, limit, readBack, backup, faults, seed } = args
  const maxOutageMs = args.maxOutage === undefined ? undefined : parseDuration('max-outage', args.maxOutage)
  const logLevel = logLevels.find((level) => level === args.logLevel)
  return {
    options: {
      env,
      ...given({ baseUrl, allowHost, rate, reserve, concurrency, runsDir, limit }),
      ...given({ stateDir, maxOutageMs, readBack, backup, faults, seed, logLevel }),
    },
    production: env !== 'simulator' && isProduction(resolveOrigin(env, baseUrl, allowHost)),
  }
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
