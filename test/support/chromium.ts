/** A page in a real Chromium, where there is one: what it says when asked, and every complaint and request of the browser. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const chromium = '/usr/bin/chromium'
export const hasChromium = existsSync(chromium)

export interface BrowserPage {
  /** The value of an expression, as JSON brings it; a promise is waited for. */
  evaluate(expression: string): Promise<unknown>
  /** As at this width, on a screen or on paper. */
  show(media: 'screen' | 'print', width: number, scheme?: 'light' | 'dark'): Promise<void>
  /** Presses a key, as `Tab` or `Enter`. */
  press(key: string): Promise<void>
  readonly complaints: readonly string[]
  readonly requests: readonly string[]
  close(): Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: {
    readonly result?: { readonly value?: unknown }
    readonly targetInfos?: readonly unknown[]
  }
}

export async function openInChromium(path: string): Promise<BrowserPage> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0']
  const child = spawn(chromium, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: 'ignore',
    // Chromium leaves folders of its own there when it is stopped.
    env: { ...process.env, TMPDIR: profile },
  })
  const exited = new Promise<void>((done) => void child.once('exit', () => done()))
  const portFile = join(profile, 'DevToolsActivePort')
  while (!existsSync(portFile) || !readFileSync(portFile, 'utf8').includes('\n')) await sleep(50)
  const [port] = readFileSync(portFile, 'utf8').split('\n')
  const targets: unknown = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
  const socket = new WebSocket(addressIn(targets))
  const complaints: string[] = []
  const requests: string[] = []
  const waiting = new Map<number, (message: Message) => void>()
  let serial = 0
  socket.addEventListener('message', ({ data }) => {
    const message: Message = JSON.parse(String(data))
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    const told = JSON.stringify(message.params)
    if (message.method === 'Runtime.exceptionThrown' || message.method === 'Log.entryAdded')
      complaints.push(told)
    if (message.method === 'Network.requestWillBeSent') requests.push(told)
  })
  await new Promise((done) => socket.addEventListener('open', done))
  const send = (method: string, params: object = {}): Promise<Message> =>
    new Promise((done) => {
      waiting.set(++serial, done)
      socket.send(JSON.stringify({ id: serial, method, params }))
    })
  for (const domain of ['Runtime', 'Log', 'Network', 'Page']) await send(`${domain}.enable`)
  const page: BrowserPage = {
    async evaluate(expression) {
      const options = { expression, awaitPromise: true, returnByValue: true }
      return (await send('Runtime.evaluate', options)).result?.result?.value
    },
    async press(key) {
      const text = key === 'Enter' ? { text: '\r' } : {}
      await send('Input.dispatchKeyEvent', { type: 'keyDown', key, code: key, ...text })
      await send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key })
    },
    async show(media, width, scheme = 'light') {
      const features = [{ name: 'prefers-color-scheme', value: scheme }]
      await send('Emulation.setEmulatedMedia', { media, features })
      const size = { width, height: 900, deviceScaleFactor: 1, mobile: false }
      await send('Emulation.setDeviceMetricsOverride', size)
    },
    complaints,
    requests,
    async close() {
      socket.close()
      child.kill()
      await exited
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await send('Page.navigate', { url: `file://${path}` })
  while ((await page.evaluate(`location.protocol + document.readyState`)) !== 'file:complete') await sleep(50)
  return page
}

function addressIn(targets: unknown): string {
  const found = /"webSocketDebuggerUrl":"([^"]*\/page\/[^"]*)"/.exec(JSON.stringify(targets))?.[1]
  if (found === undefined) throw new Error('Chromium has no page')
  return found
}
