/** Keys from the environment, or from files that only their owner can read. */
import { lstatSync, readFileSync } from 'node:fs'
import { usage } from '../model/errors.ts'

/** `undefined` where neither the variable nor its `_FILE` is set. */
export function readKey(
  name: 'RAPYD_ACCESS_KEY' | 'RAPYD_SECRET_KEY',
  env: NodeJS.ProcessEnv,
): string | undefined {
  const path = env[`${name}_FILE`]
  if (path === undefined || path === '') return env[name]?.trim() || undefined
  const stat = lstatSync(path, { throwIfNoEntry: false })
  const owner = process.getuid?.()
  const reason =
    stat === undefined
      ? 'does not exist'
      : !stat.isFile()
        ? 'is not a regular file'
        : (stat.mode & 0o077) !== 0
          ? 'can be read by others: chmod 600 it'
          : owner !== undefined && stat.uid !== owner
            ? 'belongs to another user'
            : undefined
  if (reason !== undefined)
    throw usage(
      'E_KEY_FILE',
      `${name}_FILE: ${path} ${reason}`,
      'Give a file with the key alone that only you can read.',
    )
  let key = ''
  try {
    key = readFileSync(path, 'utf8').trim()
  } catch {
    throw usage(
      'E_KEY_FILE',
      `${name}_FILE: ${path} cannot be read`,
      'Give a file with the key alone that only you can read.',
    )
  }
  if (key === '') throw usage('E_KEY_FILE', `${name}_FILE: ${path} is empty`, 'Write the key into it.')
  return key
}
