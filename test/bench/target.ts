/**
 * The benchmark's server: answers every request as Rapyd would, with hand-made HTTP, so that it never is the bottleneck.
 * Prints its port, and ends when its standard input does.
 */
import { createServer } from 'node:net'

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: '

/** One answer: the envelope around a customer of the usual size, which holds what was sent. Of equal keys the last one counts. */
function answer(id: string, sent: string): string {
  const members = sent.length > 2 ? `,${sent.slice(1, -1)}` : ''
  const body = `{"status":{"error_code":"","status":"SUCCESS","message":"","response_code":"","operation_id":"b6bf86d2-4a0b-4a9c-9a3a-5b8a8a3c2f11"},"data":{"id":"${id}","delinquent":false,"discount":null,"name":"A Name","default_payment_method":"","description":"","email":"name@example.com","phone_number":"+14155550100","invoice_prefix":"","addresses":[],"payment_methods":{"data":[],"has_more":false,"total_count":0,"url":""},"subscriptions":null,"created_at":1700000000,"metadata":{},"business_vat_id":"","ewallet":""${members}}}`
  return `${head}${body.length}\r\n\r\n${body}`
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1')
    let answers = ''
    for (;;) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) break
      const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(rest.slice(0, end)) ?? []
      const next = end + 4 + Number(length)
      if (rest.length < next) break
      // `POST /v1/customers/<id> HTTP/1.1`
      const start = rest.indexOf('/v1/customers/') + 14
      answers += answer(rest.slice(start, rest.indexOf(' ', start)), rest.slice(end + 4, next))
      rest = rest.slice(next)
    }
    if (answers !== '') socket.write(answers, 'latin1')
  })
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`)
})
process.stdin.resume().once('end', () => process.exit(0))
