/** Texts for nothing and for errors, of spreadsheets in their languages, databases and data frames. */
import { describe, expect, it } from 'vitest'
import { textProblem } from '../../../src/mapping/cells.ts'
import { isSuspectBlank } from '../../../src/mapping/suspects.ts'

const errors: Readonly<Record<string, string>> = {
  English: '#NULL!|#DIV/0!|#VALUE!|#REF!|#NAME?|#NUM!|#N/A|#GETTING_DATA|#SPILL!|#CALC!|#BUSY!|#CONNECT!',
  German: '#NV|#WERT!|#BEZUG!|#ZAHL!|#ÜBERLAUF!|#DATEN_ABRUFEN',
  French: '#VALEUR!|#NOM?|#NOMBRE!|#NUL!|#PROPAGATION !|#CHARGEMENT_DONNEES',
  Spanish: '#¡VALOR!|#¿NOMBRE?|#¡NUM!|#¡REF!|#¡DIV/0!|#¡DESBORDAMIENTO!|#OBTENIENDO_DATOS',
  Italian: '#N/D|#VALORE!|#RIF!|#NOME?|#NULLO!|#ESTRAZIONE_DATI_IN_CORSO!',
  Portuguese: '#N/D|#VALOR!|#NÚM!|#NULO!|#DESPEJAR!',
  Dutch: '#N/B|#WAARDE!|#VERW!|#NAAM?|#GETAL!|#DEEL/0!|#LEEG!',
  Danish: '#I/T|#VÆRDI!|#REFERENCE!|#NAVN?|#DIVISION/0!',
  Swedish: '#SAKNAS!|#VÄRDEFEL!|#REFERENS!|#NAMN?|#OGILTIGT!|#SKÄRNING!',
  Finnish: '#PUUTTUU!|#ARVO!|#VIITTAUS!|#JAKO/0!',
  Polish: '#ARG!|#ADR!|#NAZWA?|#LICZBA!|#DZIEL/0!|#N/D!',
  Czech: '#NENÍ_K_DISPOZICI|#HODNOTA!|#DĚLENÍ_NULOU!|#NÁZEV?',
  Hungarian: '#HIÁNYZIK|#ÉRTÉK!|#HIV!|#ZÉRÓOSZTÓ!',
  Turkish: '#YOK|#DEĞER!|#BAŞV!|#SAYI/0!',
  Russian: '#Н/Д|#ЗНАЧ!|#ССЫЛКА!|#ДЕЛ/0!|#ИМЯ?',
  Ukrainian: '#ПОСИЛАННЯ!|#ІМ’Я?|#ДІЛЕННЯ/0!',
  Greek: '#Δ/Υ|#ΤΙΜΗ!|#ΑΝΑΦ!|#ΔΙΑΙΡ/0!',
  Armenian: '#ԱՐԺԵՔ!|#ԿԻՌ/ՉԷ',
  Korean: '#분산!',
  'a language that is in no list': '#КҰНДЫЛЫҚ!|#GWALL!|#ÉRTÉKÜNK?',
  'LibreOffice and Sheets': 'Err:502|Err:508|#MACRO?|#ERROR!|Loading...|Wird geladen…',
  'unfinished cells':
    'Chargement en cours...|読み込み中...|로드 중...|กำลังโหลด...|Đang tải...|טוען...|جارٍ التحميل...|Please wait...',
  Access: '#Error|#Deleted|#Name?|#Num!|#Fehler|#Erreur|#Ошибка|#Typ!',
  'several cells': '#REF! #REF!|#VALUE!, #VALUE!|#NAME?#NAME?|#N/A / #N/A',
  'a cell that is too narrow':
    '##|####|########################################################################',
  'Business Objects': '#MULTIVALUE|#UNAVAILABLE|#DIV/0|#REF',
  'signs of full width': '＃N/A|＃ＶＡＬＵＥ！',
  'a feed': '#N/A Requesting Data...|#N/A N/A',
}

describe('errors of spreadsheets', () => {
  it.each(Object.entries(errors))('in %s are found', (_, texts) => {
    expect(texts.split('|').filter((text) => !isSuspectBlank(text))).toEqual([])
  })

  it.each(['#ref!', '#Wert!', ' #N/A ', '(#NV)', '#VA\u0308RDEFEL!', '"#REF!"', '[#ИМЯ?]', '#n/a'])(
    'are found without regard to case, spaces, form and brackets: %j',
    (text) => expect(isSuspectBlank(text)).toBe(true),
  )
})

const markers: Readonly<Record<string, string>> = {
  NULL: 'NULL|null|Null|(NULL)|[null]|<null>|{null}|NULL | NULL|\u00a0NULL\u00a0|"NULL"|«null»|（NULL）|( NULL )|NULL                                                                        ',
  'of databases': '\\N|\\\\N|DBNull|0000-00-00|(blank)|<nil>|nil|n/a|N/A|(n/a)|∅|␀|*NULL*|~null~',
  'in full width': 'ＮＵＬＬ|ｎｕｌｌ|Ｎ／Ａ',
  'of dates':
    '0000-00-00 00:00:00|0000-00-00T00:00:00Z|00.00.0000|00/00/0000|0001-01-01T00:00:00|1/1/0001 12:00:00 AM|00.01.1900|1/0/1900|1900-01-00',
  'of objects in Java, Python and Ruby':
    'com.acme.Customer@1f32e575|[Ljava.lang.String;@6d06d69c|<__main__.Customer object at 0x7f3c>|#<Customer:0x00007f9a>|[Object]|[Function: name]|Optional.empty',
  'of selection lists': '-None-|--None--|— None —|(none)|<none>|<unset>',
  'of pivot tables': '(Leer)|(vide)|(em branco)|(пусто)|（空白）|(비어 있음)',
  'of Go and .NET':
    '%!s(<nil>)|%!v(MISSING)|%!d(string=)|System.String[]|System.Collections.Generic.List`1[System.String]',
  'with characters that cannot be seen': '\u200bNULL|NULL\u200b|\u200e#N/A|#NV\u2060|&shy;|&zwnj;',
  'with spaces inside': 'n / a|N /A|# N / A',
  'of data frames': '<NA>|(na)|NaT|nan|NaN|-nan|<nan>|None|(None)|1.#IND',
  'of JavaScript':
    'undefined|UNDEFINED|Invalid Date|NaN/NaN/NaN|[object Object]|[object Object],[object Object]',
  'of joined parts': 'null null|Null, Null|undefined undefined|nan nan|undefinedundefined|nullnull',
  spaces: '   |\u00a0|\t',
}

const texts: Readonly<Record<string, string>> = {
  names:
    'Nan|Nan Nan|Nil|Nat|NAT|Na|NA|Unda|Nils|Nullo|John Null|Ma|Ng|O|Ö|Blank|Empty Quarter|Error Ltd|(Jo)|(Tom)|Leer|Systema Ltd',
  'words and signs': 'none|NONE|n/a.|-|null and void|Null Island Ltd|[x]|{}|[]|{"a":1}|""|1.5|0000',
  'signs of numbers': '#1|# 5|Apt #4|#12A|#A|#team|#Love!|C#|Loading Dock 5|Suite:501|Unit 5/1|#tom|#none',
  'what looks like a date or an object':
    '01/01/2001|1/2 Main St|0001|0000-00-01|1900-01-01|[Objective]|[Functional] Ltd|Ann@home|ann.lee@facade|@{Name=Ann}|0000-00-00 Ann|#<Customer name: Ann>|%!s(Ann)|<Ann Lee>|Arrayan|Ｎｏｒａ',
}

function codeOf(text: string, literals: readonly string[], nullValues: readonly string[] = []): unknown {
  const rules = { literals: new Set(literals), nullValues: new Set(nullValues) }
  return textProblem(text, 'name', undefined, { blank: 'clear', ...rules })?.code
}

describe('NULL of databases and data frames', () => {
  it.each(Object.entries(markers))('is suspect: %s', (_, list) => {
    expect(list.split('|').filter((text) => !isSuspectBlank(text))).toEqual([])
  })

  it.each(Object.entries(texts))('is not seen in %s', (_, list) => {
    expect(list.split('|').filter((text) => isSuspectBlank(text))).toEqual([])
  })

  it('is decided by --literal and by --null-values, which name a text as it stands', () => {
    expect(codeOf('#NV', ['#NV'])).toBeUndefined()
    expect(codeOf('(NULL)', ['(NULL)'])).toBeUndefined()
    expect(codeOf('NULL ', ['NULL'])).toBe('E_SUSPECT_BLANK')
    expect(codeOf(' - ', [], ['-'])).toBe('E_SUSPECT_BLANK')
    expect(codeOf(' - ', [])).toBeUndefined()
  })

  it('is looked for in linear time', () => {
    const long = 500_000
    const started = performance.now()
    for (const part of [' ', '#', '(', 'null ', '[object Object]', 'a ', '# '])
      for (const end of ['', 'x']) isSuspectBlank(part.repeat(long) + end)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
