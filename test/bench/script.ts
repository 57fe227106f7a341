/** What a user would write in an afternoon: csv-parse, p-limit, `fetch` and `createHmac`. No retry, no record, no proof. */
import { createHmac, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import pLimit from 'p-limit'

const [url = '', file = '', concurrency = '16'] = process.argv.slice(2)
const accessKey = process.env['RAPYD_ACCESS_KEY'] ?? ''
const secretKey = process.env['RAPYD_SECRET_KEY'] ?? ''

async function update(record: Record<string, string>): Promise<void> {
  const { customer, ...patch } = record
  const path = `/v1/customers/${customer}`
  const body = JSON.stringify(patch)
  const salt = randomBytes(8).toString('hex')
  const timestamp = Math.floor(Date.now() / 1000).toString()
  const hmac = createHmac('sha256', secretKey)
  hmac.update(`post${path}${salt}${timestamp}${accessKey}${secretKey}${body}`)
  const signature = Buffer.from(hmac.digest('hex')).toString('base64')
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', access_key: accessKey, salt, timestamp, signature },
    body,
  })
  const answer: unknown = await response.json()
  if (!response.ok || answer === null) throw new Error(`row failed: ${response.status}`)
}

const limit = pLimit(Number(concurrency))
const calls: Promise<void>[] = []
for await (const record of createReadStream(file).pipe(parse({ columns: true }))) {
  calls.push(limit(() => update(record)))
}
await Promise.all(calls)
