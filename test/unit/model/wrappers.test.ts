/** What exports write around texts or into them, and texts that only look like it. */
import { describe, expect, it } from 'vitest'
import { decodeHtml, hasFraction, isFormula, unguard, withoutFraction } from '../../../src/model/wrappers.ts'
import { toTextColumn } from '../../../src/validation/damage.ts'

describe('HTML', () => {
  it.each([
    ['O&#039;Brien &amp; Sons', "O'Brien & Sons"],
    ['a&#x27;b&#X27;c', "a'b'c"],
    ['caf&eacute; G&ouml;kt&uuml;rk &Lstrok;ód&zacute;', 'café Göktürk Łódź'],
    ['M&UUML;LLER &Amp; S&EACUTE;', 'MÜLLER &Amp; SÉ'],
    ['&quot;Bob&quot;&nbsp;Lee&#160;Jr&#xA0;', '"Bob" Lee Jr '],
    ['&amp;amp;|&amp;amp;amp;|&amp;eacute;', '&|&|é'],
    ['&lt;b&gt;VIP&lt;/b&gt;', 'VIP'],
    ['&amp;lt;b&amp;gt;VIP&amp;lt;/b&amp;gt;', 'VIP'],
    ['&#150; &#8217; &#128512;', '– ’ 😀'],
    ['Ben &amp Jerry &nbsp', 'Ben & Jerry  '],
    ['a<br>b<BR/>c<br />\nd', 'a\nb\nc\nd'],
    ['<p>One</p>\r\n<p>Two</p>', 'One\nTwo'],
    ['<ul><li>One</li><li>Two</li></ul>', 'One\nTwo'],
    ['<a href="https://example.com/?a=1&amp;b=2">Shop</a>', 'Shop'],
    ['<span style=color:red>R</span><!-- note -->', 'R'],
    ['<Name>Bob</Name>', 'Bob'],
    ['<div>open', 'open'],
    ['a &lt; b', 'a < b'],
    ['O&#39Brien &#38 Co', "O'Brien & Co"],
    ['Caf&eacute M&uumlller &Ccedil;a', 'Café Müller Ça'],
    ['<![CDATA[O&#39;Brien]]>', "O'Brien"],
  ])('in %j is decoded to %j', (text, decoded) => expect(decodeHtml(text)).toBe(decoded))

  it.each([
    'AT&T',
    'R&D Ltd',
    'Q&A;B',
    'Tom & Jerry; Co',
    'M&S; P&L;',
    'https://example.com/?a=1&copy=2&lt=3',
    '&notanentity;',
    'Unit A&#5, B&#12',
    '?x=1&euml=2',
    '&#7; &#0; &#xD800; &#1114112;',
    'a < b > c',
    '<3 you',
    '</3',
    '5 > 3 && 2 < 4',
    '<ann@example.com>',
    'Ann <ann@example.com>',
    '<https://example.com/a>',
    '<none>',
    '<John Smith>',
    '<title> Smith',
    'Block <b>',
    'List<String>',
    '« Chez Nous » <<VIP>>',
  ])('is not seen in %j', (text) => expect(decodeHtml(text)).toBe(text))
})

describe('a guard against formulas', () => {
  it.each([
    ['="0123"', '0123'],
    ['= "01""23"', '01"23'],
    ['=T("x")', 'x'],
    ['=“0123”', '0123'],
    ["'+49 151 1", '+49 151 1'],
    ["'=SUM(A1)", '=SUM(A1)'],
    ["'-5", '-5'],
    ["'@ann", '@ann'],
    ["'＝1+1", '＝1+1'],
    ["'0123", '0123'],
    ["'90210", '90210'],
    ["'D-4711/2", 'D-4711/2'],
    ['’+49', '+49'],
    ['\t+49', '+49'],
    ['\t@ann', '@ann'],
    ['6222020\t', '6222020'],
  ])('around %j is taken from %j', (text, bare) => expect(unguard(text, false)).toBe(bare))

  it.each([
    ["'cus_1a", 'cus_1a'],
    ['"90210"', '90210'],
    ["'DE123456789'", 'DE123456789'],
    ["'De Ruyter", 'De Ruyter'],
  ])('is every quote around a text of a fixed form: %j', (text, bare) => {
    expect(unguard(text, true)).toBe(bare)
    expect(unguard(text, false)).toBeUndefined()
  })

  const plain = `O'Neil|'s-Hertogenbosch|'t Hooft|'n Beetjie|'Abd al-Rahman|'68|'90S|'59 CLUB LTD|'90s kids|'1984'|'@home'|- text|-|-5|+49 30 1|@ann|
    =)|=> see note|== VIP ==|"Bob" Lee|\tAnn|Ann\t|a = b|1+1=2|+1 (415) 555-0100|@joe(work)|'|Müller-Lüdenscheidt|‘Ali`
  it.each(plain.split(/\|\n? */))('is not seen in %j', (text) => {
    expect([unguard(text, false), isFormula(text)]).toEqual([undefined, false])
  })

  it.each([
    '=SUM(A1:A3)',
    '=A1&B1',
    '=$B$3',
    '=R[-1]C',
    '=Tabelle1[@Name]',
    '{=A1}',
    '=HYPERLINK("https://example.com";"x")',
    '=+49151',
    '=0123',
    "=cmd|'/C calc'!A0",
    '@SUM(1+1)',
    '＝A1',
  ])('is told from a formula, as in %j', (text) => {
    expect([unguard(text, false), isFormula(text)]).toEqual([undefined, true])
  })
})

describe('the fraction of a whole number', () => {
  it.each([
    ['12345.0', '12345'],
    ['+4915112345678.0', '+4915112345678'],
    ['02134,00', '02134'],
    ['1001.0000', '1001'],
    // A number of 16 digits may have lost some.
    ['1234567890123456.0', '1234567890123456.0'],
  ])('of %j is %j without it', (text, whole) => {
    expect([hasFraction(text), withoutFraction(text)]).toEqual([true, whole])
  })

  it.each(['12345', '10.5', '1.000', '.0', '-1.0', '1.2E+15', 'A1.0', '10.0.0'])('is none in %j', (text) => {
    expect([hasFraction(text), withoutFraction(text)]).toEqual([false, text])
  })

  const numbers =
    'metadata.account_no|accountNo|CustomerID|Telefonnummer|Account #|Order Nr.|postal code|zipcode|Phone|num_cliente|N° client|numéro_tva|objectId|kunnr|ИНН|siret|codice_fiscale'
  const others =
    'metadata.amount|version_no|metadata.plan|paid|grid|hotel|Total No|city|rate_id|icd_code|discard|nominee|context|numbers_of_visits'
  it.each([...numbers.split('|'), ...others.split('|')])(
    'is damage by the name of its column: %s',
    (name) => {
      expect(toTextColumn('metadata.x', true, name).isNumber).toBe(numbers.split('|').includes(name))
    },
  )
})
