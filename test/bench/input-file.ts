/**
 * Realistic CSV files of any length for the benchmark: a quoted cell in every tenth row, accents; nine columns, or thirteen with an
 * address, and then also blanks.
 */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

const header =
  'customer,name,email,phone_number,description,invoice_prefix,business_vat_id,metadata.tier,metadata.note'
const addressHeader = ',addresses[0].line_1,addresses[0].city,addresses[0].zip,addresses[0].country'

/** Every customer once. */
export async function writeInput(path: string, rows: number, hasAddress = false): Promise<void> {
  const file = createWriteStream(path)
  file.write(`${header}${hasAddress ? addressHeader : ''}\n`)
  let text = ''
  for (let row = 1; row <= rows; row++) {
    const id = row.toString(16).padStart(32, '0')
    const note = row % 10 === 0 ? '"said ""yes"", then left"' : 'net 30'
    const name = row % 7 === 0 ? 'Zoë García' : `Customer ${row}`
    const vat = hasAddress && row % 3 === 0 ? '' : `DE${row}`
    const address = hasAddress
      ? `,${row % 9}0${row % 100} Main Street,München,${10_000 + (row % 80_000)},DE`
      : ''
    text += `cus_${id},${name},customer${row}@example.com,+1415555${String(row % 10_000).padStart(4, '0')},Key account ${row},ACME${row % 100}-,${vat},gold,${note}${address}\n`
    if (text.length < 1_000_000) continue
    if (!file.write(text)) await once(file, 'drain')
    text = ''
  }
  file.end(text)
  await once(file, 'close')
}
