/** Long walks over what is on disk, which must not keep signals and timers from their turn. */
import { setImmediate } from 'node:timers/promises'

/** The items, with a pause before each that is a multiple of `every`. Throws the signal's reason once it is aborted. */
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
