/** A server that also breaks the rules of HTTP, met by the real commands: what they print and write, and how much memory they take. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peakOf } from './support/peak-memory.ts'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import {
  canaries,
  id,
  lasting,
  passing,
  personal,
  refused,
  success,
  type Answer,
  type Asked,
  type Hostility,
} from './support/hostile-answers.ts'
import { startRawServer, type RawServer } from './support/raw-server.ts'

const accessKey = 'rak_CANARYACCESS0123456'
const secretKey = 'rsk_CANARYSECRET0123456789abcdef0123456789abcdef0123456789'

/** Writes pieces for as long as somebody reads them. */
function pour(socket: Socket, first: string, piece: string): void {
  socket.write(first, 'latin1')
  const write = (): void => {
    while (socket.writable && socket.write(piece, 'latin1'));
  }
  socket.on('drain', write)
  write()
}

function drip(socket: Socket, text: string): void {
  let at = 0
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 20)
  socket.once('close', () => clearInterval(timer))
}

const head = 'HTTP/1.1 200 OK\r\n'
const chunked = `${head}transfer-encoding: chunked\r\n\r\n`
const body = success(`{"name":"${canaries[2]}"}`)

/** What no HTTP server does. Each ends before the attempt does, or with it. */
const breaking: Readonly<Record<string, (socket: Socket) => void>> = {
  'a byte at a time': (socket) => {
    socket.write(`${head}content-length: 1000000\r\n\r\n`)
    drip(socket, body)
  },
  'a head of a byte at a time': (socket) => drip(socket, `${head}x: ${canaries[0]}`),
  'provisional answers without an end': (socket) =>
    pour(socket, '', `HTTP/1.1 103 Early Hints\r\nlink: <${canaries[0]}>\r\n\r\n`),
  'headers without an end': (socket) => pour(socket, head, `x-${'a'.repeat(9)}: ${canaries[1]}\r\n`),
  'a header without an end': (socket) => pour(socket, `${head}x: `, canaries.join(' ')),
  'a body without an end': (socket) => pour(socket, `${head}\r\n`, body),
  'chunks without an end': (socket) => pour(socket, chunked, `10;${canaries[1]}\r\n${'x'.repeat(16)}\r\n`),
  'a chunk of 2 GB': (socket) => pour(socket, `${chunked}7fffffff\r\n`, body),
  'trailers without an end': (socket) => pour(socket, `${chunked}0\r\n`, `x: ${canaries[1]}\r\n`),
  'a length that is too long': (socket) => socket.end(`${head}content-length: 99999\r\n\r\n${body}`),
  'a length that is too short': (socket) => socket.write(`${head}content-length: 9\r\n\r\n${body}`),
  'a length that is no number': (socket) =>
    socket.write(`${head}content-length: ${canaries[0]}\r\n\r\n${body}`),
  'two lengths': (socket) => socket.write(`${head}content-length: 9\r\ncontent-length: 5\r\n\r\n${body}`),
  'a second answer behind it': (socket) =>
    socket.write(
      `HTTP/1.1 500 x\r\ncontent-length: 1\r\n\r\nx${head}content-length: ${body.length}\r\n\r\n${body}`,
    ),
  'another protocol': (socket) =>
    socket.end(`HTTP/1.1 101 ${personal}\r\nupgrade: ${canaries[0]}\r\n\r\n`, 'latin1'),
  'a status that is none': (socket) => socket.end(`HTTP/1.1 1000000 ${personal}\r\n\r\n`, 'latin1'),
  'a reason of its own': (socket) =>
    socket.end(`HTTP/1.1 500 ${personal}\r\nx: ${personal}\r\n\r\n${personal}`, 'latin1'),
  'no HTTP': (socket) => socket.end(`${personal}\r\n\r\n`, 'latin1'),
}

/** They end when the time of an attempt is over. */
const slow = /^a (?:head of a )?byte|^provisional|^trailers/
/** What ends a run. */
const ending = ['an unauthenticated message', 'a redirect', 'a limit for ever']

interface Kind {
  readonly title: string
  /** Answers. False: as Rapyd would. */
  readonly answer: (socket: Socket, asked: Asked) => boolean
  /** Only the first answer about a customer. */
  readonly isPassing: boolean
}

const kinds: readonly Kind[] = [
  ...Object.entries(breaking).map(([title, answer]) => ({
    title,
    isPassing: true,
    answer(socket: Socket, { method }: Asked) {
      // Updates alone wait for them, and once is enough.
      const isMet = method !== 'GET' || !slow.test(title)
      if (isMet) answer(socket)
      return isMet
    },
  })),
  ...Object.entries(passing).map(([title, hostile]) => kindOf(title, hostile, true)),
  ...Object.entries(lasting).map(([title, hostile]) => kindOf(title, hostile, false)),
  kindOf('what it was sent', refused(accessKey, accessKey, accessKey), false),
].filter(({ title }) => !ending.includes(title))

function kindOf(title: string, hostile: Hostility, isPassing: boolean): Kind {
  return {
    title,
    isPassing,
    answer(socket, asked) {
      const made = hostile(asked)
      if (made !== undefined) respond(socket, made)
      return made !== undefined
    },
  }
}

function respond(socket: Socket, { status = 200, headers = {}, body: text }: Answer): void {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(text) })
  socket.write(
    `HTTP/1.1 ${status} x\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  )
  socket.write(text)
}

const kindCalled = (title: string): Kind | undefined => kinds.find((kind) => kind.title === title)
/** What many customers meet, in all more than the heap may take. */
const floods = {
  GET: [kindCalled('a coupon and a name of half a megabyte')],
  POST: [kindCalled('messages of megabytes'), kindCalled('a code of its own before half a megabyte')],
}
const usual = 3
const many = 300
const rows = usual + kinds.length + many

/** Whose answers are hostile: those to updates, to reads, or all, of one kind. */
type Phase = 'rapyd' | 'POST' | 'GET' | Hostility

async function startServer() {
  const held = new Map<string, unknown>()
  /** Customers of whom an answer has broken a rule since the phase began. */
  const met = new Set<string>()
  let phase: Phase = 'rapyd'

  /** Undefined: it is Rapyd. */
  function kindFor({ method, id: asked }: Asked): Kind | undefined {
    if (typeof phase === 'function') return kindOf('', phase, false)
    if (asked === '' || phase === 'rapyd' || method !== phase) return undefined
    const at = Number(asked.slice(-4)) - usual - 1
    const kind = at < kinds.length ? kinds[at] : floods[phase][at % floods[phase].length]
    const isOver = kind?.isPassing === true && met.has(asked)
    met.add(asked)
    return isOver ? undefined : kind
  }

  const server = await startRawServer({
    onRequest(socket, text, number) {
      const [, method = '', path = ''] = /^(\S+) (\S+)/.exec(text) ?? []
      const [, asked = ''] = /^\/v1\/customers\/?([^/?]*)/.exec(path) ?? []
      const request = { method, id: asked, number }
      if (kindFor(request)?.answer(socket, request) === true) return
      const patch: unknown = method === 'POST' ? JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) : {}
      held.set(asked, Object.assign({}, held.get(asked), patch))
      const customer = { name: '', metadata: { a: 'b', c: 'd' }, discount: null }
      const data = asked === '' ? [] : Object.assign(customer, held.get(asked), { id: asked })
      respond(socket, { body: success(JSON.stringify(data)) })
    },
  })
  return {
    server,
    become(next: Phase): void {
      phase = next
      met.clear()
    },
  }
}

const allowed =
  /^(?:store\.db(?:-\w+)?|readings\.db(?:-\w+)?|plan\.ndjson|rollback\.ndjson|errors\.(?:csv|ndjson))$/

interface Said extends Finished {
  readonly peakMb: number
}

describe('a server that keeps no rule', () => {
  let folder: Folder
  let server: RawServer
  const said = new Map<string, Said>()

  beforeAll(async () => {
    folder = freshFolder()
    const world = await startServer()
    server = world.server
    const lines = Array.from({ length: rows }, (_, row) => `${id(row + 1)},N${row},gold`)
    folder.write('crm.csv', `customer,name,metadata.tier\n${lines.join('\n')}\n`)
    const env = {
      NODE_OPTIONS: '--max-old-space-size=128',
      RAPYD_BASE_URL: server.origin,
      RAPYD_ACCESS_KEY: accessKey,
      RAPYD_SECRET_KEY: secretKey,
    }

    async function run(phase: Phase, ...args: readonly string[]): Promise<void> {
      world.become(phase)
      const command = folder.start(args[0] === 'report' ? args : [...args, '--rate', 'none'], env)
      let peakMb = 0
      const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf(command.pid))), 20)
      const finished = await command.finished
      clearInterval(watch)
      said.set(args.join(' '), { ...finished, peakMb })
    }

    const sender = ['--log-level', 'trace', '--max-errors', '100%']
    const metrics = ['--metrics-file', 'run.prom']
    await run('rapyd', 'update', 'crm.csv', ...sender, '--run-id', 'first', '--backup')
    await run('POST', 'update', 'crm.csv', ...sender, ...metrics, '--run-id', 'second', '--new-run')
    await run('GET', 'verify', 'first')
    await run('GET', 'plan', 'crm.csv', '--out', 'plan.ndjson')
    await run('GET', 'rollback', 'first', '--max-errors', '100%')
    const probed = kinds.findIndex(({ title }) => title.startsWith('numbers'))
    await run('GET', 'probe', '--yes', '--customer', id(usual + 1 + probed))
    const ends = [
      ...ending.map((title) => lasting[title]),
      refused('UNAUTHENTICATED_API_CALL', '', accessKey),
    ]
    const few = ['--limit', '5', '--max-outage', '1s', '--new-run', '--run-id']
    for (const [at, hostile = 'rapyd'] of ends.entries())
      await run(hostile, 'update', 'crm.csv', ...few, `stopped-${at}`)
    await run('rapyd', 'report', 'second', '--junit', 'junit.xml')
    await run('rapyd', 'redo', 'second', ...sender, '--json')
  }, 600_000)
  afterAll(async () => {
    await server.close()
    folder.remove()
  })

  it('ends no command otherwise than an error of Rapyd does', () => {
    expect([...said].map(([line, { code }]) => [line.split(' ', 2).join(' '), code])).toEqual([
      ['update crm.csv', 0],
      ['update crm.csv', 1],
      ['verify first', 1],
      ['plan crm.csv', 1],
      ['rollback first', 1],
      ['probe --yes', 2],
      // Credentials, a redirect, a limit, and credentials again.
      ['update crm.csv', 4],
      ['update crm.csv', 5],
      ['update crm.csv', 5],
      ['update crm.csv', 4],
      ['report second', 0],
      ['redo second', 0],
    ])
  })

  it('has each broken answer asked for again, at the latest when its time is over', () => {
    const results = readFileSync(join(folder.path, 'rapyd-runs', 'second', 'results.csv'), 'utf8').split('\n')
    const broken = kinds
      .filter(({ isPassing }) => isPassing)
      .map(({ title }, at) => [title, results[usual + at + 1]])
    expect(broken.length).toBeGreaterThan(20)
    for (const [title, line] of broken)
      expect([title, line]).toEqual([title, expect.stringMatching(/^\d+,\d+,cus_\w+,updated,/)])
    expect(results.filter((line) => line.includes(',rejected,')).length).toBeGreaterThan(many / 2)
  })

  it('is nowhere on a screen, in a log, in metrics or on a page, and neither are the keys', () => {
    const files = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      lstatSync(join(folder.path, name)).isFile(),
    )
    const screens = [...said].map(([line, { stdout, stderr }]) => [line, stdout + stderr] as const)
    for (const [line, screen] of screens) expect([line, screen.length > 20_000]).toEqual([line, false])
    for (const [name, content] of [
      ...screens,
      ...files.map((file) => [file, readFileSync(join(folder.path, file), 'latin1')] as const),
    ]) {
      const sought = allowed.test(basename(name))
        ? ['CANARY']
        : ['CANARY', ...canaries, '\u0000', '\u001b', '\u009b', '\u202e', '\u2066']
      expect([name, ...sought.filter((text) => content.includes(text))]).toEqual([name])
    }
  })

  it('does not fill the memory', () => {
    const [usualMb = 0, ...others] = [...said.values()].map(({ peakMb }) => peakMb)
    expect(usualMb).toBeGreaterThan(0)
    expect(Math.max(...others)).toBeLessThan(usualMb + 300)
  })
})
