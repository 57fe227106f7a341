/** Code pages of one byte for each character. A text can be written in one and read in another. */
import { options } from '../config/options.ts'
import type { Encoding } from '../config/options.ts'
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

export function codePageNames(): readonly string[] {
  return [...listCodePages().keys()]
}

/** Returns undefined if the page lacks a character. */
export function encodeIn(page: string, text: string): Buffer | undefined {
  const table = listCodePages().get(page)?.bytes
  const bytes = Array.from(text, (character) =>
    character < '\x80' ? character.charCodeAt(0) : (table?.get(character) ?? -1),
  )
  return bytes.includes(-1) ? undefined : Buffer.from(bytes)
}

export function decodeFrom(page: string, bytes: Buffer): string {
  const characters = listCodePages().get(page)?.characters ?? []
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : (characters[byte - 128] ?? ''),
  ).join('')
}
