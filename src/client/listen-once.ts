/** Gives what listens to signals: one listener each, which is called when its signal aborts, however many wait with it. */
export function listenOnce(onAbort: (signal: AbortSignal) => void): (signal: AbortSignal) => void {
  const heard = new WeakSet<AbortSignal>()
  return (signal) => {
    if (heard.has(signal)) return
    heard.add(signal)
    signal.addEventListener('abort', () => onAbort(signal), { once: true })
  }
}
