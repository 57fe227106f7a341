/**
 * HMAC-SHA256 as RFC 2104 defines it, from two one-shot hashes: `createHmac` makes an object for every signature and
 * costs several times as much. A test holds it to `createHmac`.
 */
import { hash } from 'node:crypto'

const blockBytes = 64
const digestBytes = 32
/** Larger messages get a buffer of their own, so that one large body does not stay in memory. */
const keptBytes = 64 * 1024

/** Gives the function that makes the HMAC of a text's UTF-8 bytes, as lower-case hex digits. */
export function createHmacHex(key: string): (message: string) => string {
  const given = Buffer.from(key)
  const block = Buffer.alloc(blockBytes)
  if (given.length > blockBytes) block.write(hash('sha256', given, 'hex'), 'hex')
  else block.set(given)
  const inner = Buffer.alloc(keptBytes)
  const outer = Buffer.alloc(blockBytes + digestBytes)
  for (let at = 0; at < blockBytes; at++) {
    const byte = block[at] ?? 0
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }

  return (message) => {
    // Three bytes are the most that one UTF-16 unit takes.
    const most = blockBytes + message.length * 3
    const buffer = most <= keptBytes ? inner : Buffer.concat([inner.subarray(0, blockBytes)], most)
    const end = blockBytes + buffer.write(message, blockBytes)
    // As a text of one unit a byte: a Buffer costs more to make than the hash.
    outer.write(hash('sha256', buffer.subarray(0, end), 'binary'), blockBytes, 'binary')
    return hash('sha256', outer, 'hex')
  }
}
