/** Where the calls of a command go, and its other options that are not about the screen. */
import { programOptions } from '../config/job-options.ts'
import { options as table } from '../config/options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { isProduction, resolveOrigin } from '../config/environment.ts'

export type Where = Partial<Pick<UpdateOptions, 'env' | 'baseUrl' | 'allowHost'>>

export type SenderOptions<Args> = Partial<Args> & Where

/** `where` is where the calls go if the flags do not say. Keys come from the environment. */
export function senderOptions<Args extends Where>(
  args: Args,
  where: Where,
): { readonly options: SenderOptions<Args>; readonly production: boolean } {
  const { env: last = table.env.default } = where
  const env = args.env ?? last
  // Set to nothing, it is not set, as with the keys.
  const fromEnvironment = process.env['RAPYD_BASE_URL'] || undefined
  const baseUrl = args.baseUrl ?? fromEnvironment ?? (env === last ? where.baseUrl : undefined)
  const allowHost = args.allowHost ?? where.allowHost
  return {
    options: {
      ...programOptions(args),
      env,
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(allowHost === undefined ? {} : { allowHost }),
    },
    production: env !== 'simulator' && isProduction(resolveOrigin(env, baseUrl, allowHost)),
  }
}
