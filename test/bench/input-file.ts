/** Realistic CSV files of any length for the benchmark: nine columns, a quoted cell in every tenth row, accents. */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

const header =
  'customer,name,email,phone_number,description,invoice_prefix,business_vat_id,metadata.tier,metadata.note\n'

/** Every customer once. */
export async function writeInput(path: string, rows: number): Promise<void> {
  const file = createWriteStream(path)
  file.write(header)
  let text = ''
  for (let row = 1; row <= rows; row++) {
    const id = row.toString(16).padStart(32, '0')
    const note = row % 10 === 0 ? '"said ""yes"", then left"' : 'net 30'
    const name = row % 7 === 0 ? 'Zoë García' : `Customer ${row}`
    text += `cus_${id},${name},customer${row}@example.com,+1415555${String(row % 10_000).padStart(4, '0')},Key account ${row},ACME${row % 100}-,DE${row},gold,${note}\n`
    if (text.length < 1_000_000) continue
    if (!file.write(text)) await once(file, 'drain')
    text = ''
  }
  file.end(text)
  await once(file, 'close')
}
