/** A question to whoever sits at the terminal. */
import { createInterface } from 'node:readline/promises'

export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** The answer without spaces around it; empty where it was left with Ctrl-C or Ctrl-D. Throws once `signal` is aborted. */
export async function ask(question: string, signal?: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(question, signal === undefined ? {} : { signal })
    return answer.trim()
  } catch (error) {
    process.stderr.write('\n')
    const isLeft = error instanceof Error && error.name === 'AbortError' && signal?.aborted !== true
    if (isLeft) return ''
    throw error
  } finally {
    terminal.close()
  }
}
