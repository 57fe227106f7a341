/** What is wrong with these rows? No network, no credentials. */
import { validate } from 'rapyd-bulk'

const { rows, calls, invalid, findings } = await validate({
  input: [
    { customer: 'cus_11111111111111111111111111111111', email: 'ada@example.com' },
    { customer: 'cus_22222222222222222222222222222222', phone_number: '3.53871E+11' },
  ],
  maxErrors: '100%',
})
process.stdout.write(`${rows} rows, ${calls} calls, ${invalid} invalid\n`)
for (const { code, field, firstRow, message } of findings)
  process.stdout.write(`${code} ${field} in row ${firstRow}: ${message}\n`)
