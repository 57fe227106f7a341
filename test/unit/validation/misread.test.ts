/** Texts that a wrong encoding has damaged, and clean names of many languages, which are never taken for damaged. */
import { describe, expect, it } from 'vitest'
import { codePageNames, decodeFrom, encodeIn } from '../../../src/input/code-pages.ts'
import { textDamage } from '../../../src/validation/damage.ts'
import { createFindMisreading } from '../../../src/validation/misreading.ts'
import languages from '../../support/real-names.json' with { type: 'json' }

const findMisreading = createFindMisreading()

type Language = keyof typeof languages

/** Names and places of a language, as people write them. */
function textsIn({ given, family, places }: (typeof languages)[Language]): readonly string[] {
  const [firsts, lasts] = [given.split('|'), family.split('|')]
  const names = firsts.flatMap((first) => lasts.flatMap((last) => [`${first} ${last}`, `${last}, ${first}`]))
  return [...firsts, ...lasts, ...names, ...places.split('|')]
}

const codeOf = (text: string, field = 'name') => textDamage(text, false, false, field)?.code
const inCode = (text: string) => textDamage(text, false, true, 'coupon')?.code
const inZip = (text: string) => textDamage(text, false, true, 'addresses[0].zip')?.code
const share = (texts: readonly string[], isFound: (text: string) => boolean) =>
  texts.filter(isFound).length / texts.length

describe('clean texts', () => {
  it('of 65 languages in 25 scripts give no warning, in any case and normal form', () => {
    const texts = Object.values(languages).flatMap((language) =>
      textsIn(language).flatMap((text) => [
        text,
        text.toUpperCase(),
        text.toLowerCase(),
        text.normalize('NFD'),
      ]),
    )
    expect(new Set(texts).size).toBeGreaterThan(20_000)
    expect(texts.filter((text) => codeOf(text) !== undefined)).toEqual([])
  })

  it('with signs that people use give no warning', () => {
    const texts = `
      Nescafé® | NESCAFÉ™ | 25 m³ | 10 dm³ | 25°C | 5½b | ¼kg | 5 µm | µTorrent | 10€ | £5 | №5
      Mª José | MªJosé | Nº 5 | 2º andar | Hunter×Hunter | 3×4 | O‘zbek | O´Brien | na hÉireann
      FRANçOIS | MUñOZ | STRAßE | ÄÖÜß | PÍŠEK | KÓŠA | SPÓŁKA | TĂŞNAD | DŽenana | AutoŠkola | AgroŽito | eŠop | IRMÃ DULCE | „Spaß“
      «CAFÉ» | “AMANHÃ” | IRMÃ… | l’été’ | ¿Qué? | the best—and only | blau–weiß | Smith† | VIPклиент
      Akyerεko Ltd | Hagåtña | HAGÅTÑA | Agliè | Lusigliè | Ciriè | LG전자 | Kさん | МегаФон | МакіївкаПромТорг | 👩‍👩‍👧 Müller | José🎉 | ★ Müller | x≤y | Is it paid?
      Really?Yes | https://example.com/?page=a?b | a\u00a0b | Tel.:\u00a0+49`
      .split(/\s*[|\n]\s*/)
      .filter((text) => text !== '')
    expect(texts.filter((text) => codeOf(text, 'description') !== undefined)).toEqual([])
  })
})

describe('UTF-8 that was read as a code page', () => {
  const pages = [
    'windows-1252',
    'windows-1250',
    'windows-1251',
    'windows-1254',
    'macintosh',
    'cp850',
    'cp437',
  ]

  it.each(pages)('%s is found in nearly all names of each language', (page) => {
    const found = Object.entries(languages).map(([name, language]) => {
      const texts = textsIn(language).filter((text) => /[^\0-\x7f]/.test(text))
      return [
        name,
        share(texts, (text) => findMisreading(decodeFrom(page, Buffer.from(text))) === 'twice'),
      ] as const
    })
    expect(found.filter(([, part]) => part < 0.85)).toEqual([])
  })

  it.each([
    'Ð˜Ð²Ð°Ð½ ÐŸÐµÑ‚Ñ€Ð¾Ð²',
    'ÎÎ¹ÏÏÎ³Î¿Ï',
    'å±±ç”°å¤ªéƒŽ',
    'Ù…Ø­Ù…Ø¯ Ø¹Ù„ÙŠ',
    'Jos√© Mu√±oz',
    'M√ºller',
    'Jos├® Mu├▒oz',
    'M├╝ller',
    'Ä°stanbul',
    'ÅšwiÄ…tek',
    'Åžahin',
    'YÄ±ldÄ±z',
    'Ã–zil',
    'JOSÃ‰',
    'Oâ€™Brien',
    'ðŸ˜€ party',
    'Josï¿½',
    'SÃ£o Paulo â€“ Centro',
  ])('is found in %j', (text) => expect(codeOf(text)).toBe('W_ENCODING'))
})

describe('UTF-8 that was read as an encoding of East Asia', () => {
  const names = ['Jürgen Groß', 'José Núñez', 'Łukasz Wałęsa', 'François Lefèvre', 'Jiří Dvořák']

  it.each(['gb18030', 'big5', 'euc-kr', 'euc-jp', 'shift_jis'])(
    '%s is found in names of the west',
    (encoding) => {
      const misread = names.map((name) => new TextDecoder(encoding).decode(Buffer.from(name)))
      expect(misread.filter((text) => codeOf(text) !== 'W_ENCODING')).toEqual([])
    },
  )

  it.each(['Jos茅', 'M체ller', 'Josﾃｩ', 'O鈥橞rien'])('is found in %j', (text) =>
    expect(findMisreading(text)).toBe('twice'),
  )

  it.each([
    'iPhone手机',
    'vivo每日',
    'annさん',
    'Kﾃﾚﾋﾞ',
    'e편한세상',
    'kt위즈',
    'App客户端',
    'T台',
    'iPad用ケース',
    'wifi密码',
  ])('is not seen in %j', (text) => expect(codeOf(text)).toBeUndefined())
})

describe('a code page that was read as Windows-1252', () => {
  it.each<readonly [string, readonly Language[], number]>([
    ['windows-1250', ['Polish', 'Czech', 'Slovene and Croatian', 'Hungarian', 'Romanian'], 0.5],
    ['windows-1251', ['Russian', 'Ukrainian', 'Bulgarian', 'Serbian Cyrillic'], 0.97],
    ['windows-1253', ['Greek'], 0.97],
    ['windows-1254', ['Turkish'], 0.6],
    ['windows-1255', ['Hebrew'], 0.97],
    ['windows-1256', ['Arabic'], 0.97],
    ['koi8-r', ['Russian'], 0.97],
    ['macintosh', ['German', 'French', 'Spanish and Galician'], 0.4],
    ['cp850', ['German', 'Swedish'], 0.7],
  ])('%s is found in names of %j', (page, names, least) => {
    for (const name of names) {
      const misread = textsIn(languages[name]).flatMap((text) => {
        const bytes = encodeIn(page, text.replaceAll('ș', 'ş').replaceAll('ț', 'ţ'))
        const other = bytes === undefined ? text : decodeFrom('windows-1252', bytes)
        return other === text ? [] : [other]
      })
      const part = share(misread, (text) => findMisreading(text) !== undefined)
      expect([name, part >= least ? 'found' : part]).toEqual([name, 'found'])
    }
  })

  it.each(['£ukasz Wa³êsa', 'Micha³', 'Nowa¿ski', 'Za¿ó³æ Gêœl¹', 'Jiøí', 'Èerný', 'Èâàí Ïåòðîâ', 'Àííà'])(
    'is found in %j',
    (text) => expect(codeOf(text)).toBe('W_ENCODING'),
  )
  it.each([
    'JosŽ Mu–oz',
    'RenŽ',
    'MŸller',
    'Gonz‡lez',
    'Yýldýz',
    'Þahin',
    'Doðan',
    'Ýpek',
    'Güneþ',
    'ŽR“c',
    '±èÃ¶¼ö',
  ])('is found in %j', (text) => expect(codeOf(text)).toBe('W_ENCODING'))
})

describe('a code page that was read as another one', () => {
  it.each<readonly [string, string, readonly Language[], number]>([
    ['ibm866', 'windows-1251', ['Russian', 'Ukrainian', 'Bulgarian'], 0.66],
    ['koi8-r', 'windows-1251', ['Russian', 'Bulgarian'], 0.95],
    ['windows-1251', 'koi8-r', ['Russian', 'Bulgarian'], 0.99],
    ['windows-1251', 'ibm866', ['Russian', 'Ukrainian'], 0.93],
    ['windows-1251', 'windows-1250', ['Russian', 'Bulgarian'], 0.88],
    ['windows-1251', 'macintosh', ['Russian'], 0.88],
    ['windows-1251', 'cp850', ['Russian'], 0.97],
    ['cp852', 'windows-1250', ['Polish', 'Czech', 'Hungarian'], 0.21],
    ['windows-1250', 'cp852', ['Polish', 'Czech'], 0.53],
    ['windows-1252', 'cp850', ['German', 'French', 'Spanish and Galician'], 0.8],
    ['windows-1252', 'cp437', ['German', 'French', 'Portuguese'], 0.89],
    ['windows-1252', 'macintosh', ['German', 'French', 'Spanish and Galician'], 0.77],
    ['windows-1254', 'cp850', ['Turkish'], 0.66],
  ])('%s as %s is found in names of %j', (page, readAs, names, least) => {
    for (const name of names) {
      const misread = textsIn(languages[name]).flatMap((text) => {
        const bytes = encodeIn(page, text)
        const other = bytes === undefined ? text : decodeFrom(readAs, bytes)
        return other === text ? [] : [other]
      })
      const part = share(misread, (text) => codeOf(text) === 'W_ENCODING')
      expect([name, part >= least ? 'found' : part]).toEqual([name, 'found'])
    }
  })

  it.each([
    'СтройТехМонтаж LLC',
    'ЭнергосбыТ Плюс',
    'ЕвроповКирилов OOD',
    'ΑλφαΒήταΓάμα Ltd',
    'кВтЧас',
    'на hÉireann hÓgáin',
  ])('is not seen in %j', (text) => expect(codeOf(text)).toBeUndefined())
})

describe('Windows-1252 that was read as a page of another script', () => {
  it.each(['windows-1251', 'windows-1253', 'koi8-r'])('%s is found in names', (page) => {
    const texts = ['Jürgen Groß', 'François Lefèvre', 'José Núñez', 'Åsa Öberg', 'João Conceição']
    const misread = texts.map((text) => decodeFrom(page, encodeIn('windows-1252', text) ?? Buffer.from(text)))
    expect(misread.filter((text) => codeOf(text) !== 'W_ENCODING')).toEqual([])
  })

  it.each(['5 μmol', 'VIPклиент', 'USB-кабель', 'α-Tocopherol'])('is not seen in %j', (text) =>
    expect(codeOf(text)).toBeUndefined(),
  )
})

describe('letters that another format has escaped', () => {
  it.each([
    'J\\u00fcrgen',
    'J%C3%BCrgen',
    'J=C3=BCrgen',
    '=?utf-8?Q?J=C3=BCrgen?=',
    "O\\'Brien",
    'Ann_x000D_',
    'J\\xfcrgen',
    'J\\303\\274rgen',
    'J<U+00FC>rgen',
    'J%u00FCrgen',
    'J=FCrgen',
    'AC\\/DC',
    "O''Brien",
    'Lee\\, Ann',
    'Ann\\tLee',
    'Ann%20Lee',
    'AT%26T',
    '12 Main St\\nLeeds',
    'Ann\\r\\nLee',
    "b'Ann'",
    "['Ann']",
    "('Ann',)",
    '{"name": "Ann"}',
  ])('are found in %j', (text) => expect(codeOf(text)).toBe('W_ENCODING'))
  it.each([
    '100% of it',
    'C:\\users\\ann',
    'C:\\users\\New',
    'snake_case',
    'a=b',
    'key=category',
    '5%20off',
    "''quoted''",
    'D\\A/CH',
    '[Ann]',
    "b'nai b'rith",
    "B'Elanna",
  ])('are not seen in %j', (text) => expect(codeOf(text)).toBeUndefined())
  it('are not what people write in texts of their own', () => {
    for (const text of ['{"a":1}', "['a']", 'https://example.com/?q=%C3%BC', '12;#Ann'])
      expect([codeOf(text, 'description'), textDamage(text, true, false, 'metadata.x')?.code]).toEqual([
        undefined,
        undefined,
      ])
  })
})

describe('texts that stand for nothing', () => {
  it.each([
    'Unknown',
    'TBD',
    '(unknown)',
    'False',
    'NA',
    'Nicht zugeordnet',
    '{{first_name}}',
    '*|FNAME|*',
    '#',
    '[]',
    'Array',
    'Ann undefined',
    'null Lee',
    'Ann (null)',
    'Ann [object Object]',
    '0',
    'ditto',
    's.o.',
    '"',
    '〃',
    '同上',
    'Access denied',
    'Nicht gefunden',
    'ORA-01403: no data found',
    'TypeError: x is not a function',
    'Notice: Undefined index: name in x.php',
    'FALSCH',
    'VRAI',
    'Не заполнено',
    '未填写',
    '[deleted]',
    'Dear {{ name }},',
    '{{first_name}} {{last_name}}',
    '<<Name>>',
    '#{name}',
    '{0}',
    '%FIRSTNAME%',
    '%1$s %2$s',
    '@@name@@',
    'John D***',
    '•••••',
  ])('are found: %j', (text) => expect(codeOf(text)).toBe('W_PLACEHOLDER'))
  it.each([
    'Na',
    'None',
    '="none"',
    'Unknown Pleasures Ltd',
    'Ann Null',
    'ann null',
    'Undefined Ltd',
    'Ann nan',
    'NaN Labs',
    'Array Ltd',
    'Dito Ltd',
    'Error Ltd',
    'Bureau: Error',
    'Terror: A Band',
    'Faux',
    'Falsch, Ann',
    '100 %',
    'Zero 0',
    'Ann*',
    '[Ann]',
    'Ke$ha',
    '{Ann',
  ])('are not seen in %j', (text) => expect(codeOf(text)).toBeUndefined())
})

describe('what another program writes around a name', () => {
  it.each([
    '12;#Ann Lee',
    '5;#Di;#6;#Ed',
    'Ann ::: Anna',
    'Lee;Ann;;;',
    'CN=Ann Lee/O=Acme',
    'uid=ann,ou=people,dc=acme',
    'SsO2cmcgTcO8bGxlcg==',
    '[Ann](https://example.com)',
    'Ann (https://example.com/ann)',
    's:3:"Ann";',
    'Ann <ann@example.com>',
    '[~ann]',
    '{first=Ann, last=Lee}',
    'Ann\tLee',
  ])('is found: %j', (text) => expect(codeOf(text)).toBe('W_OTHER_FORMAT'))
  it.each([
    'Ann;Lee',
    'A=B Ltd',
    'Agentur #1',
    'Müller: Söhne',
    'TCO=',
    'Hotel Adler ****',
    'Q&A;B',
    'Caf&eacute;',
    'a:b',
  ])('is not seen in %j', (text) => expect(codeOf(text)).toBeUndefined())
  it.each([
    'ann@example.com',
    `cus_${'0'.repeat(32)}`,
    '+49 30 123456',
    '4930123456',
    '1990-05-04',
    '4.5.1990 00:00',
    '1b4e28ba-2fa1-11d2-883f-0016d3cca427',
  ])('is the value of another field: %j', (text) => expect(codeOf(text)).toBe('W_SHIFTED'))
  it.each([
    '4711',
    '1&1',
    '7-Eleven',
    'Studio 1990',
    '1. FC Köln 1948',
    '20.11.',
    'hotels.com',
    '@ann',
    'Ann @ Acme',
  ])('is no value of another field: %j', (text) => expect(codeOf(text)).toBeUndefined())
})

describe('characters of a code that only look like others', () => {
  it.each(['АT12345678', 'WELCОME', '１２３', 'ＤＥ123', '12٣'])('are found in %j', (text) =>
    expect(inCode(text)).toBe('W_LOOKALIKE'),
  )
  it.each(['ЛЕТО2026', 'ΧΕΙΜ10', 'SOMMER', '夏2026'])('are not seen in %j', (text) =>
    expect(inCode(text)).toBeUndefined(),
  )
  it('are not the digits of a postcode in its own script', () => {
    expect(['١٢٢١١', '๑๐๑๑๐', '1٢٢١١'].map(inZip)).toEqual([undefined, undefined, 'W_LOOKALIKE'])
  })
})

describe('the wrong page of the right script', () => {
  it.each([
    ['koi8-r', 'windows-1251', 'Иван Петров', 'Ольга Смирнова', 'Ёлкина Анна'],
    ['windows-1251', 'koi8-r', 'Иван Петров', 'Ольга Смирнова', 'Юрий Щукин'],
    ['windows-1251', 'ibm866', 'Иван Петров', 'Ольга Смирнова', 'Юрий Щукин'],
    ['koi8-r', 'ibm866', 'Иван Петров', 'Ольга Смирнова', 'Юрий Щукин'],
    ['ibm866', 'windows-1251', 'Иван Петров', 'Юрий Щукин'],
    ['shift_jis', 'gb18030', '山田太郎', '鈴木一郎', '佐藤花子', 'ヤマダ タロウ'],
    ['gb18030', 'big5', '王小明', '张伟平'],
    ['big5', 'gb18030', '王小明', '陳美玲', '林志豪'],
    ['windows-1252', 'gb18030', 'Jürgen Größe', 'François Lefèvre'],
    ['windows-874', 'windows-1250', 'สมชาย ใจดี'],
  ])('is found: %s read as %s', (page, wrong, ...names) => {
    const misread = names.map((name) =>
      new TextDecoder(wrong).decode(encodeIn(page, name) ?? Buffer.alloc(0)),
    )
    expect(misread.filter((text) => codeOf(text) !== 'W_ENCODING')).toEqual([])
  })

  it.each([
    'СтройМАШ',
    'ООО Ромашка',
    'Żółć',
    'ÅÄÖ AB',
    '髙橋 龍',
    '小米max',
    'iPhone手机',
    'A股b',
    '懿',
    '龘靐 王',
  ])('is not seen in %j', (text) => expect(codeOf(text)).toBeUndefined())
})

describe('dates in the places of codes', () => {
  it.each(['1-Mar', '01. Mrz', 'Mai 21', '12-mai', '3-янв'])(
    'are found in the language of Excel: %j',
    (text) => expect(inCode(text)).toBe('W_SPREADSHEET_DATE'),
  )
  it.each(['MAR-12', 'DEC-24', '3-PRO'])('are not seen in %j', (text) => expect(inCode(text)).toBeUndefined())
})

describe('lost letters', () => {
  it('are not seen in errors of spreadsheets, which are refused', () =>
    expect(codeOf('#NOM?')).toBeUndefined())

  it.each(['M?ller', 'Mu??oz', '?ukasz', 'Jos?', '???? ??????', '????, 5', 'Zo\ufffd', '锟斤拷'])(
    'are found in %j',
    (text) => expect(codeOf(text)).toBe('W_ENCODING'),
  )

  it('are not what people ask and mark in texts of their own', () => {
    for (const text of ['Paid?', '???', 'who? me?', '5?'])
      expect(textDamage(text, true, false, 'metadata.note')).toBe(undefined)
    expect(codeOf('¿Qué Tal? S.L.')).toBe(undefined)
  })
})

it('a code page is read as a TextDecoder and DOS read it', () => {
  expect(codePageNames()).toEqual(expect.arrayContaining(['windows-1252', 'macintosh', 'koi8-r', 'cp850']))
  expect(encodeIn('cp850', 'é')).toEqual(Buffer.from([0x82]))
  expect(encodeIn('windows-1250', 'Иван')).toBe(undefined)
  expect(decodeFrom('windows-1252', Buffer.from([0x41, 0x80, 0x81]))).toBe('A€\u0081')
})
