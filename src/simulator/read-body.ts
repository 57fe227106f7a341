/** Reads a request's body to its end, within bounds. */
import type { IncomingMessage } from 'node:http'

const mostBytes = 2 ** 20

/** Calls back once, at the end of the body; never where the client goes away before it. Keeps 1 MiB at most. */
export function readBody(message: IncomingMessage, done: (body: Buffer, tooLarge: boolean) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= mostBytes) chunks.push(chunk)
  })
  message.once('end', () => {
    const [only] = chunks
    done(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks), bytes > mostBytes)
  })
}
