import { describe, expect, it } from 'vitest'
import { inPieces } from '../../src/input/pieces.ts'

async function piecesOf(...blocks: readonly string[]): Promise<readonly string[]> {
  async function* given(): AsyncGenerator<Buffer> {
    for (const block of blocks) yield Buffer.from(block)
  }
  const pieces: string[] = []
  for await (const piece of inPieces(given())) pieces.push(piece.toString())
  return pieces
}

describe('the pieces of blocks', () => {
  const line = `${'é'.repeat(3_000)}\n`
  it('are all of them, cut behind lines, and small where lines are', async () => {
    const blocks = [line.repeat(40), `end${line.repeat(7)}rest`, 'x']
    const pieces = await piecesOf(...blocks)
    expect(pieces.join('')).toBe(blocks.join(''))
    expect(pieces.slice(0, 13).every((piece) => piece === line.repeat(3))).toBe(true)
    expect(pieces.at(-1)).toBe('x')
  })

  it('are whole blocks where no line ends', async () => {
    const long = 'x'.repeat(100_000)
    expect(await piecesOf(long, long)).toEqual([long, long])
  })

  it('are none of no bytes', async () => {
    expect(await piecesOf('', '')).toEqual([])
  })
})
