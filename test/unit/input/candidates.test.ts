/** The encodings that E_ENCODING names: the likely ones first, each with a masked sample. */
import { describe, expect, it } from 'vitest'
import { describeCandidates } from '../../../src/input/oddities.ts'
import { encodeIn } from '../../../src/input/code-pages.ts'

const header = 'customer,name\n'

function candidatesOf(bytes: Buffer): string {
  const text = Buffer.concat([Buffer.from(header), bytes])
  return describeCandidates(
    text,
    text.findIndex((byte) => byte > 0x7f),
  )
}

const inPage = (page: string, text: string) => encodeIn(page, text) ?? Buffer.alloc(0)

describe('the encodings that a text may have', () => {
  it.each([
    ['windows-1252', 'cus_1,José Muñoz\ncus_2,Zoë Groß\n', 'Aaaé'],
    ['windows-1250', 'cus_1,Łukasz Wałęsa\ncus_2,Željko Dvořák\n', 'Aałęaa'],
    ['windows-1251', 'cus_1,Иван Петров\ncus_2,Анна\n', 'Ивaa'],
    ['windows-1254', 'cus_1,Gülşen Yıldız\ncus_2,Şükrü Kılıç\n', 'Aüaşaa'],
    ['macintosh', 'cus_1,José Muñoz\ncus_2,Müller\n', 'Aaaé'],
  ])('begin with %s where it is the right one', (page, rows, sample) => {
    const described = candidatesOf(inPage(page, rows))
    const named = [...described.matchAll(/--encoding ([\w-]+) \(([^)]*)\)/g)]
    expect(named.length).toBeGreaterThan(2)
    expect(named[0]?.[1]).toBe(page)
    expect(named[0]?.[2]).toContain(sample)
  })

  it.each([
    ['windows-1253', 'cus_1,Γιώργος Παπαδόπουλος\n', 'Γιaaaaa'],
    ['windows-1255', 'cus_1,אברהם כהן\n', 'אבaaa'],
    ['koi8-r', 'cus_1,Иван Петров\ncus_2,Анна Щукина\n', 'Ивaa'],
    ['gb18030', 'cus_1,张伟\ncus_2,王秀英\n', '张a 王aa'],
    ['euc-jp', 'cus_1,山田太郎\ncus_2,佐藤花子\n', '山田aa'],
    ['euc-kr', 'cus_1,김민수\ncus_2,이영희\n', '김aa'],
  ])('have %s among them', (page, rows, sample) =>
    expect(candidatesOf(inPage(page, rows))).toContain(`--encoding ${page} (${sample}`),
  )

  it('name Shift_JIS, GB 18030 and EUC-KR', () => {
    expect(candidatesOf(Buffer.from('8e5293632c91be98590a', 'hex'))).toContain('--encoding shift_jis (山a')
    expect(candidatesOf(Buffer.from('d5c5cea82c0ac0eed0a1c1fa0a', 'hex'))).toContain(
      '--encoding gb18030 (张a',
    )
    expect(candidatesOf(Buffer.from('b1e8c3b6bcf60a', 'hex'))).toContain('--encoding euc-kr (김aa')
  })

  it('are shown with at most half of a word, and no digit', () => {
    const described = candidatesOf(inPage('windows-1251', 'cus_12345,Ян\ncus_2,Йя Ёё\n'))
    expect(described).toContain('(Яa Йa Ёa)')
    expect(described).not.toMatch(/Ян|12345/)
  })
})
