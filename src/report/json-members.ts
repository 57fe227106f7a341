/** The members of a JSON object as they are written: a line can lose some of them without the others being written anew. */
import { isJsonObject, parseJson } from '../model/json.ts'

export interface Member {
  readonly key: string
  /** Key, colon and value, byte for byte, without the spaces around. */
  readonly text: string
}

/** The members of the one object that `text` holds; `undefined` where it holds no object. */
export function splitMembers(text: string): readonly Member[] | undefined {
  if (!isJsonObject(parseJson(text))) return undefined
  const members: Member[] = []
  let depth = 0
  let start = text.indexOf('{') + 1
  for (let at = start - 1; at < text.length; at++) {
    const character = text[at]
    if (depth === 1 && (character === ',' || character === '}')) {
      const member = text.slice(start, at).trim()
      if (member !== '') members.push({ key: keyOf(member), text: member })
      start = at + 1
    }
    if (character === '"') at = closingQuote(text, at)
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
  }
  return members
}

function keyOf(member: string): string {
  return String(JSON.parse(member.slice(0, closingQuote(member, 0) + 1)))
}

function closingQuote(text: string, open: number): number {
  let at = open + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
