/** A `replace` on real names of many scripts: no warning, unless a text only looks like a key. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { validate } from '../../../src/jobs/validate.ts'
import { freshFolder, type Folder } from '../../acceptance/support/command.ts'

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

/** First names, then last names. */
const people: readonly (readonly [first: string, last: string])[] = [
  [
    'Zoë,André,Björk,Núria,Łukasz,Jean-Luc,Ștefan,Đorđe',
    'Groß,O’Brien,Škvorecký,García,Wiśniewski,Nguyễn,İnönü,d’Arc',
  ],
  [
    'Александр,Мария,Йосиф,Ірина,Љиљана,Ћира,Ёлка,Ўткир',
    'Иванов,Соловьёва,Ковальчук,Петровић,Щукин,Чайковский,Їжак,Ґудзь',
  ],
  [
    'Αλέξανδρος,Μαρία,Ιωάννης,Ζωή,Άννα,Όλγα,Ηλίας,Ώρα',
    'Παπαδόπουλος,Αγγελοπούλου,Ξένος,Ψαρρός,Ράλλης,Χατζής,Ωνάσης,Φωκάς',
  ],
  ['محمد,فاطمة,عبد الله,لؤي,رؤى,إبراهيم,آمنة,هدى', 'الخطيب,المصري,بن علي,الأحمد,القاضي,شاهين,حدّاد,العلي'],
  [
    'علی‌رضا,محمدرضا,زهرا,نازنین,گلناز,کیوان,پریسا,ژاله',
    'می‌رزایی,رضایی,چراغی,کریمی,احمدی‌نژاد,پهلوان,گودرزی,شیرازی',
  ],
  ['דוד,שרה,יוסף,רחל,משה,לאה,נֹעַם,חנה', 'כהן,לוי,מזרחי,פרץ,בן־דוד,ביטון,אברהם,פרידמן'],
  ['राम,सीता,श्रीकृष्ण,क्ष‍मा,ज्योति,प्रज्ञा,अनिल,ऋषि', 'शर्मा,वर्मा,सिंह,त्रिपाठी,मिश्रा,चौधरी,गुप्ता,अय्यर'],
  ['முருகன்,லட்சுமி,கார்த்திக்,மீனாட்சி,அருண்,செல்வி,ராஜா,ஸ்ரீ', 'சுப்பிரமணியன்,ஐயர்,பிள்ளை,கிருஷ்ணன்,ராமசாமி,நடராஜன்,முதலியார்,வேலு'],
  ['অনিরুদ্ধ,সুচিত্রা,রবি,ঋতু,শ্যামল,জ্যোৎস্না,কৃষ্ণা,র‍্যাচেল', 'চট্টোপাধ্যায়,মুখোপাধ্যায়,দাস,রায়,ঠাকুর,সেনগুপ্ত,ঘোষ,বসু'],
  ['సీత,రాముడు,కృష్ణ,లక్ష్మి,వెంకటేష్,శ్రీను,అనిత,గౌరి', 'రావు,రెడ్డి,నాయుడు,శర్మ,చౌదరి,వర్మ,మూర్తి,గుప్త'],
  ['สมชาย,สุดา,ประยุทธ์,พิมพ์,กัญญา,วิชัย,น้ำ,อุไร', 'ใจดี,ศรีสุข,วงศ์สวัสดิ์,แซ่ลี้,ทองคำ,บุญมี,จันทร์,เพชร'],
  ['小明,美玲,志伟,秀英,国强,丽,建华,雪', '王,李,张,劉,陳,歐陽,黃,吳'],
  ['太郎,花子,はなこ,さくら,ケンジ,美咲,健,葵', '山田,髙橋,佐々木,渡邉,さとう,スズキ,神田,吉田'],
  ['민수,지영,서준,하은,영희,철수,지우,예린', '김,이,박,최,정,남궁,강,조'],
  [
    'გიორგი,ნინო,თამარ,ლევან,მარიამ,ზურაბ,ქეთევან,ირაკლი',
    'ბერიძე,კაპანაძე,გელაშვილი,წიკლაური,ჯაფარიძე,ხვიჩია,მაისურაძე,ლომიძე',
  ],
  [
    'Արամ,Անահիտ,Վարդան,Նարինե,Տիգրան,Սոնա,Հայկ,Լիլիթ',
    'Պետրոսյան,Հակոբյան,Սարգսյան,Գրիգորյան,Խաչատրյան,Մկրտչյան,Ավագյան,Դանիելյան',
  ],
  ['አበበ,ሰላም,ተስፋዬ,ሃና,ዮሐንስ,ማርታ,ገብረ,ሳራ', 'በቀለ,ኃይሉ,ተክሌ,መኮንን,ወልደ,አለሙ,ደስታ,ግርማ'],
  ['සුනිල්,ශ්‍රී,කුමාරි,නිමල්,අනුර,චන්ද්‍රිකා,දිනේෂ්,රුවන්', 'පෙරේරා,සිල්වා,බණ්ඩාර,ප්‍රනාන්දු,ජයසූරිය,රත්නායක,විජේ,දිසානායක'],
  ['ខ្មែរ,សុខា,ដារ៉ា,បុប្ផា,វិចិត្រ,ចាន់,រតនា,សំណាង', 'សេង,លី,អ៊ុក,ម៉ៅ,កែវ,ឈឹម,ហេង,ទេព'],
  ['Ann 😀,Bob 👩‍👩‍👧,Cy ❤️,Di 🇫🇷,Ed 👍🏽,Flo ✨,Gus 🏳️‍🌈,Hal 1️⃣', 'Lee,Ray,Fox,Kim,Orr,Poe,Roe,Zed'],
]

const map = `columns:
  First: { field: metadata.first, transform: { replace: { VIP: gold, Société: company, K\u00e4ufer: buyer } } }
  Full: name
`

it('finds nothing in 10,000 names of 20 scripts', async () => {
  const rows = people.flatMap(([firsts, lasts]) =>
    firsts
      .split(',')
      .flatMap((first) =>
        firsts
          .split(',')
          .flatMap((middle) => lasts.split(',').map((last) => [first, `${first} ${middle} ${last}`])),
      ),
  )
  expect(rows.length).toBeGreaterThan(10_000)
  const lines = [['VIP', 'A key'], ...rows].map(
    (cells, row) => `cus_${String(row).padStart(32, '0')},${cells.join(',')}`,
  )
  const [input, mapping] = [join(folder.path, 'crm.csv'), join(folder.path, 'map.yaml')]
  writeFileSync(input, `customer,First,Full\n${lines.join('\n')}\n`)
  writeFileSync(mapping, map)
  const { warnings, invalid, calls } = await validate({ input, map: mapping })
  expect({ warnings, invalid, calls }).toEqual({ warnings: [], invalid: 0, calls: rows.length + 1 })
})

it.each([
  ['vip', 'W_REPLACE_LOOKALIKE'],
  [' VIP', 'W_REPLACE_LOOKALIKE'],
  ['ＶＩＰ', 'W_REPLACE_LOOKALIKE'],
  ['VIP\u00a0', 'W_REPLACE_LOOKALIKE'],
  ['SOCIÉTÉ', 'W_REPLACE_LOOKALIKE'],
  ['Kaufer', 'W_REPLACE_UNUSED'],
  ['gold', undefined],
  ['Ka\u0308ufer', undefined],
])('of %j says %s', async (text, code) => {
  const mapping = join(folder.path, 'map.yaml')
  writeFileSync(mapping, map)
  const record = { customer: `cus_${'0'.repeat(32)}`, First: text }
  for (const duplicates of ['sequence', 'last', 'merge'] as const) {
    const { warnings } = await validate({ input: [record], map: mapping, duplicates })
    // A no-break space at an end is a warning of its own.
    const found = warnings.map((warning) => warning.code).filter((each) => each !== 'W_INVISIBLE_CHAR')
    expect(found).toEqual(code === undefined ? [] : [code])
  }
})
