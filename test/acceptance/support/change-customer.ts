/** Somebody else's change of a customer: one signed call, with node:crypto and fetch alone. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Simulator } from '../../../src/index.ts'

export async function changeCustomer(simulator: Simulator, customer: string, patch: object): Promise<void> {
  const { accessKey, secretKey, url } = simulator
  const path = `/v1/customers/${customer}`
  const body = JSON.stringify(patch)
  const [salt, timestamp] = [randomBytes(8).toString('hex'), String(Math.floor(Date.now() / 1000))]
  const signed = `post${path}${salt}${timestamp}${accessKey}${secretKey}${body}`
  const signature = Buffer.from(createHmac('sha256', secretKey).update(signed).digest('hex')).toString(
    'base64',
  )
  const headers = { access_key: accessKey, salt, timestamp, signature, connection: 'close' }
  const response = await fetch(url + path, { method: 'POST', headers, body })
  await response.text()
  if (!response.ok) throw new Error(`the simulator refused a change: ${response.status}`)
}
