/** Long loops over what is on disk, with pauses in which signals and timers run. */
import { setImmediate } from 'node:timers/promises'

/** The items, with a pause after every `every` of them. Throws the signal's reason when it is aborted. */
export async function* inTurns<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  signal: AbortSignal,
  every = 500,
): AsyncGenerator<Item> {
  let count = 0
  for await (const item of items) {
    if (++count % every === 0) await setImmediate(undefined, { signal })
    yield item
  }
}
