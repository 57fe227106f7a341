import { describe, expect, it } from 'vitest'
import { iso31661 } from 'iso-3166'
import otherNames from '../../../src/mapping/country-names.json' with { type: 'json' }
import { compileTransform, countryCode } from '../../../src/mapping/transforms.ts'
import type { TransformSpec } from '../../../src/mapping/mapping-schema.ts'

/** What a transform makes of a text: the text or value, or the code of its defect. */
async function apply(spec: TransformSpec, text: string): Promise<unknown> {
  const made = await compileTransform(spec)
  if ('mistake' in made) return made.mistake
  const result = typeof made === 'function' ? made(text) : made.read(text)
  if (typeof result === 'string') return result
  return 'code' in result ? result.code : result.value
}

describe('transforms', () => {
  it.each<[TransformSpec, string, unknown]>([
    ['trim', ' \u00a0Jo\t', 'Jo'],
    ['lowercase', 'ÄB@X', 'äb@x'],
    ['uppercase', 'straße', 'STRASSE'],
    ['digits', ' 12-34 x', '1234'],
    ['digits', 'none', ''],
    ['digits', '3.53871E+11', 'E_TRANSFORM'],
    ['digits', '12٣4', 'E_TRANSFORM'],
    [{ replace: { VIP: 'gold' } }, 'VIP', 'gold'],
    [{ replace: { VIP: 'gold' } }, 'vip', 'vip'],
    [{ replace: { VIP: 'gold' } }, 'toString', 'toString'],
    [{ replace: { Société: 'company' } }, 'Socie\u0301te\u0301', 'company'],
    [{ replace: { 'Socie\u0301te\u0301': 'company' } }, 'Société', 'company'],
    [{ replace: { 'Key Account': 'key' } }, 'Key\u00a0Account', 'key'],
    [{ replace: { 'Key\u202fAccount': 'key' } }, 'Key Account', 'key'],
    [{ replace: { Å: 'a', '\u212b': 'b' } }, '\u212b', 'b'],
  ])('%j makes of %j %j', async (spec, text, result) => {
    expect(await apply(spec, text)).toEqual(result)
  })

  it.each([
    ['US', '(415) 555-0100', '+14155550100'],
    ['US', '1 415 555 0100', '+14155550100'],
    ['IE', '087 123 4567', '+353871234567'],
    ['DE', '0049 30 123456', '+4930123456'],
    ['DE', '+1 415 555 0100', '+14155550100'],
    ['IT', '06 1234 5678', '+390612345678'],
    ['DE', '4930123456', 'E_PHONE'],
    ['US', '415 555 0100 ext. 2', 'E_PHONE'],
    ['US', '415-555-0100x9', 'E_PHONE'],
    ['US', 'call 415 555 0100', 'E_PHONE'],
    ['US', '415 555 0100 / 415 555 0101', 'E_PHONE'],
    ['US', '415 555', 'E_PHONE'],
    ['US', '3.53871E+11', 'E_PHONE'],
    ['US', '1-800-FLOWERS', 'E_PHONE'],
    ['US', '', 'E_PHONE'],
  ])('phone: %s makes of %j %s', async (phone, text, result) => {
    expect(await apply({ phone }, text)).toBe(result)
  })

  it.each([
    ['YYYY-MM-DD', '1990-01-31', '31/01/1990'],
    ['MM/DD/YYYY', '01/31/1990', '31/01/1990'],
    ['DD.MM.YYYY', '29.02.2000', '29/02/2000'],
    ['D.M.YYYY', '1.2.1990', '01/02/1990'],
    ['D.M.YYYY', '11.12.1990', '11/12/1990'],
    ['YYYYMMDD', '19900131', '31/01/1990'],
    ['YYYY-MM-DD', '1990-02-30', 'E_DATE'],
    ['YYYY-MM-DD', '1900-02-29', 'E_DATE'],
    ['YYYY-MM-DD', '1990-1-31', 'E_DATE'],
    ['YYYY-MM-DD', '1990/01/31', 'E_DATE'],
    ['YYYY-MM-DD', '1990-01-31 00:00', '31/01/1990'],
    ['YYYY-MM-DD', '1990-05-04T00:00:00.000Z', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04T00:00:00', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04T00:00:00.0000000', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04T00:00:00.000+0000', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04T00:00:00-05:00', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04 00:00:00 UTC', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04 00:00:00', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04 00:00:00 +0000 UTC', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04T00:00:00+02:00[Europe/Berlin]', '04/05/1990'],
    ['YYYY-MM-DD', '1990-05-04 00:00:00 CET', '04/05/1990'],
    ['D.M.YYYY', '4.5.1990 0:00 Uhr', '04/05/1990'],
    ['M/D/YYYY', '5/4/1990 12:00:00 AM +00:00', '04/05/1990'],
    ['M/D/YYYY', '5/4/1990 12:00:00 AM', '04/05/1990'],
    ['M/D/YYYY', '5/4/1990, 12:00:00\u202fAM', '04/05/1990'],
    ['D/M/YYYY', '4/5/1990 12:00:00 a. m.', '04/05/1990'],
    ['D.M.YYYY', '4.5.1990 0:00', '04/05/1990'],
    ['D-M-YYYY', '4-5-1990 00.00.00', '04/05/1990'],
    ['YYYYMMDD', '19900504T000000Z', 'E_DATE'],
    ['YYYY-MM-DD', '1990-05-03T22:00:00.000Z', 'E_DATE'],
    ['YYYY-MM-DD', '1990-05-04T00:00:01Z', 'E_DATE'],
    ['YYYY-MM-DD', '1990-05-04T00:00:00.001Z', 'E_DATE'],
    ['YYYY-MM-DD', '1990-05-04 24:00:00', 'E_DATE'],
    ['M/D/YYYY', '5/4/1990 12:00:00 PM', 'E_DATE'],
    ['M/D/YYYY', '5/4/1990 12:00:00', 'E_DATE'],
    ['M/D/YYYY', '5/4/1990 00:00:00 x', 'E_DATE'],
    ['YYYY-MM-DD', '1990-02-30T00:00:00Z', 'E_DATE'],
    ['YYYY-MM-DD', '0090-01-31', 'E_DATE'],
    ['MM/DD/YYYY', '31/01/1990', 'E_DATE'],
    ['DD.MM.YYYY', '31x01x1990', 'E_DATE'],
    ['YYYY-MM-DD', '1990-00-10', 'E_DATE'],
    ['YYYY-MM-DD', '', 'E_DATE'],
  ])('date: %s makes of %j %s', async (date, text, result) => {
    expect(await apply({ date }, text)).toBe(result)
  })

  it.each(['DD/MM/YY', 'YYYY-MM', 'YYYY-MM-MM', 'YYYYMD', 'yyyy-mm-dd', 'YYYY-MM-DD HH', 'DMY'])(
    'date: %s is no format',
    async (date) => {
      expect(await apply({ date }, '')).toBe(`"${date}" is no date format`)
    },
  )

  it.each([
    ['DE', 'DE'],
    ['de', 'DE'],
    ['usa', 'US'],
    ['Germany', 'DE'],
    [' united states ', 'US'],
    ['United States of America', 'US'],
    ['UK', 'GB'],
    ['South Korea', 'KR'],
    ['Korea, Republic of', 'KR'],
    ['cote d’ivoire', 'CI'],
    ['Viet Nam', 'VN'],
    ['Vietnam', 'VN'],
    ['Trinidad & Tobago', 'TT'],
    ['Congo', 'E_COUNTRY'],
    ['Deutschland', 'E_COUNTRY'],
    ['XX', 'E_COUNTRY'],
    ['Korea', 'E_COUNTRY'],
    ['日本', 'E_COUNTRY'],
    ['Holland', 'NL'],
    ['KSA', 'SA'],
    ['Hong Kong SAR', 'HK'],
    ['Korea, South', 'KR'],
    ['Åland', 'AX'],
    ['the Netherlands', 'NL'],
    ['Burma', 'MM'],
    ['U.S.A.', 'US'],
    ['Great Britain', 'GB'],
    ['england', 'GB'],
    ['Czech Republic', 'CZ'],
    ['Ivory Coast', 'CI'],
    ['Swaziland', 'SZ'],
    ['Cape Verde', 'CV'],
    ['East Timor', 'TL'],
    ['Macedonia', 'MK'],
    ['Turkey', 'TR'],
    ['The Gambia', 'GM'],
    ['UAE', 'AE'],
    ['Republic of Korea', 'KR'],
    ['Democratic Republic of the Congo', 'CD'],
    ['Ｇｅｒｍａｎｙ', 'DE'],
    ['Yugoslavia', 'E_COUNTRY'],
    ['Thessaly', 'E_COUNTRY'],
    ['--', 'E_COUNTRY'],
  ])('country makes of %j %s', async (text, result) => {
    expect(await apply('country', text)).toBe(result)
  })

  it.each<[TransformSpec, string, unknown]>([
    ['number', '12', 12],
    ['number', '-3.50', -3.5],
    ['number', '10.00', 10],
    ['number', '007', 'E_TRANSFORM'],
    ['number', '1,000', 'E_TRANSFORM'],
    ['number', '1e3', 'E_TRANSFORM'],
    ['number', '0x10', 'E_TRANSFORM'],
    ['number', ' 1', 'E_TRANSFORM'],
    ['number', '-0', 'E_TRANSFORM'],
    ['number', '9007199254740992', 'E_TRANSFORM'],
    ['number', '0.12345678901234567890123', 'E_TRANSFORM'],
    ['boolean', 'TRUE', true],
    ['boolean', 'false', false],
    ['boolean', 'yes', 'E_TRANSFORM'],
    ['boolean', '1', 'E_TRANSFORM'],
    ['json', '{"a":[1,"x",null],"":{"a":2}}', { a: [1, 'x', null], '': { a: 2 } }],
    ['json', '{"a":":b","c\\"":"d"}', { a: ':b', 'c"': 'd' }],
    ['json', '{a:1}', 'E_TRANSFORM'],
    ['json', '{"a":1.50}', 'E_NUMBER'],
    ['json', '[9007199254740993]', 'E_NUMBER'],
    ['json', '{"a":1,"b":{"a":2,"a":3}}', 'E_DUPLICATE_KEY'],
    ['json', '{"__proto__":1}', 'E_KEY'],
    ['json', `${'['.repeat(33)}${']'.repeat(33)}`, 'E_DEPTH'],
    ['json', '['.repeat(500_000), 'E_DEPTH'],
    ['json', `${'['.repeat(300_000)}${']'.repeat(300_000)}`, 'E_DEPTH'],
    ['json', String.raw`{"a":"\ud800"}`, 'E_NOT_WELL_FORMED'],
  ])('%j makes a value of %j', async (spec, text, result) => {
    expect(await apply(spec, text)).toEqual(result)
  })
})

it('no everyday name of a country is another country’s name of ISO or CLDR', () => {
  const display = new Intl.DisplayNames('en', { type: 'region' })
  for (const { alpha2, name } of iso31661) {
    expect([name, countryCode(name)]).toEqual([name, name === 'Congo' ? expect.anything() : alpha2])
    expect(countryCode(display.of(alpha2) ?? '')).toBe(alpha2)
  }
  for (const [alpha2, names] of Object.entries(otherNames))
    for (const name of names) expect([name, countryCode(name)]).toEqual([name, alpha2])
})
