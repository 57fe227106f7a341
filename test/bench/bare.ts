/** The floor: undici's `Pool.request` sends one prepared, unsigned request again and again and reads the bodies. */
import { Pool } from 'undici'

const [url = '', rows = '0', connections = '16'] = process.argv.slice(2)
const pool = new Pool(url, { connections: Number(connections), pipelining: 1, allowH2: false })
const body =
  '{"name":"Customer 1234","email":"customer1234@example.com","phone_number":"+14155550100","description":"A text","metadata":{"tier":"gold"}}'
const request = {
  method: 'POST',
  path: '/v1/customers/cus_d3ed65d5091a8398cc3651bcedec1201',
  headers: { accept: 'application/json', 'content-type': 'application/json' },
  body,
} as const

let left = Number(rows)
async function lane(): Promise<void> {
  while (left-- > 0) {
    const response = await pool.request(request)
    await response.body.text()
  }
}

await Promise.all(Array.from({ length: Number(connections) }, lane))
await pool.close()
