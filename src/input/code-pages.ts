/** Code pages of one byte for each character. A text can be written in one and read in another. */
import { options, type Encoding } from '../config/options.ts'
import dosPages from './dos-code-pages.json' with { type: 'json' }

/** Those that bytes never show by themselves. */
export const otherEncodings = options.encoding.choices.filter((encoding) => !encoding.startsWith('utf-'))

const severalBytes: ReadonlySet<Encoding> = new Set(['shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr'])

/** True if a character can have several bytes, and the encoding is not one of Unicode. */
export function isOfSeveralBytes(encoding: Encoding): boolean {
  return severalBytes.has(encoding)
}

interface CodePage {
  /** The characters of the bytes from 0x80 on. */
  readonly characters: readonly string[]
  readonly bytes: ReadonlyMap<string, number>
}

const upperBytes = Array.from({ length: 128 }, (_, index) => index + 128)

function createCodePage(decoded: string): CodePage {
  // Readers leave a byte without a character as it is.
  const characters = Array.from(decoded, (character, index) =>
    character === '\ufffd' ? String.fromCharCode(index + 128) : character,
  )
  // So do those that take the text for Latin-1, for the bytes before 0xa0.
  const controls = upperBytes.slice(0, 32).map((byte) => [String.fromCharCode(byte), byte] as const)
  const bytes = new Map([
    ...controls,
    ...characters.map((character, index) => [character, index + 128] as const),
  ])
  return { characters, bytes }
}

let codePages: ReadonlyMap<string, CodePage> | undefined

/** Those that `--encoding` takes, and those of DOS, which a TextDecoder does not know. Made when the first is needed. */
function listCodePages(): ReadonlyMap<string, CodePage> {
  codePages ??= new Map([
    ...otherEncodings
      .filter((name) => !isOfSeveralBytes(name))
      .map(
        (name) => [name, createCodePage(new TextDecoder(name).decode(Uint8Array.from(upperBytes)))] as const,
      ),
    ...Object.entries(dosPages).map(([name, text]) => [name, createCodePage(text)] as const),
  ])
  return codePages
}

/** The bytes of the characters that have two, and in Shift JIS one. Made when the first is needed, which takes some milliseconds. */
function listPairs(encoding: string): ReadonlyMap<string, number> {
  const decoder = new TextDecoder(encoding)
  const pairs = new Map<string, number>()
  for (const lead of upperBytes.slice(1, -1)) {
    const trails = Array.from({ length: 191 }, (_, index) => index + 0x40)
    const decoded = decoder
      .decode(Uint8Array.from(trails.flatMap((trail) => [lead, trail, 0x0a])))
      .split('\n')
    for (const [index, character] of decoded.entries())
      if (/^[^\ufffd]$/u.test(character)) pairs.set(character, lead * 256 + index + 0x40)
  }
  if (encoding === 'shift_jis')
    for (let byte = 0xa1; byte < 0xe0; byte++) pairs.set(String.fromCharCode(byte + 0xfec0), byte)
  return pairs
}

const pairTables = new Map<string, ReadonlyMap<string, number>>()

export function codePageNames(): readonly string[] {
  return [...listCodePages().keys()]
}

/** Returns undefined if the page lacks a character. `page` may also be an encoding of several bytes. */
export function encodeIn(page: string, text: string): Buffer | undefined {
  let table = listCodePages().get(page)?.bytes ?? pairTables.get(page)
  if (table === undefined) pairTables.set(page, (table = listPairs(page)))
  const bytes: number[] = []
  for (const character of text) {
    const code = character < '\x80' ? character.charCodeAt(0) : table.get(character)
    if (code === undefined) return undefined
    if (code > 0xff) bytes.push(code >> 8)
    bytes.push(code & 0xff)
  }
  return Buffer.from(bytes)
}

export function decodeFrom(page: string, bytes: Buffer): string {
  const characters = listCodePages().get(page)?.characters ?? []
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : (characters[byte - 128] ?? ''),
  ).join('')
}
