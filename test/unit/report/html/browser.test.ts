/** The HTML report in a real Chromium: it draws, filters and turns pages, without an error and without a request. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReportData } from '../../../../src/report/html/report-data.ts'
import { renderReport } from '../../../../src/report/html/html-report.ts'
import { writeOutputFile } from '../../../../src/report/output-file.ts'
import { createTotals } from '../../../../src/report/summary.ts'
import { hasChromium, openInChromium, type BrowserPage } from '../../../support/chromium.ts'
import { outcomeOf } from '../outcome.ts'

const rows = 100_000
const hostile = `</script><img src=x onerror="document.title='taken'">`

const start = Date.UTC(2026, 10, 23)
const pauses = [
  { from: start + 5_000, to: start + 20_000, kind: 'blocked' },
  { from: start + 30_000, to: start + 90_000, kind: 'outage' },
] as const
const reportFacts = { mapping: 'm', options: [['--rate', '1/1s']], pauses, versions: 'v' } as const

function write(directory: string): void {
  const totals = createTotals()
  const data = createReportData({ names: ['customer', 'note'], split: (record) => record.split('|') })
  for (let row = 1; row <= rows; row++) {
    const isOdd = row % 1_000 === 0
    const outcome = outcomeOf({
      row,
      line: row + 1,
      outcome: isOdd ? 'failed' : 'rejected',
      errorCode: isOdd ? 'E_SERVER' : 'E_API',
      message: isOdd ? hostile : 'refused',
      customerId: `cus_${String(row).padStart(32, '0')}`,
    })
    const updated = outcomeOf({ row, fields: 'email;name', cleared: 'name', finishedAt: start + row })
    if (row < 100) data.add(updated)
    totals.add(outcome)
    data.add(outcome, row > 2 ? undefined : `cus_${row}|Zz, ${row} ${hostile}`)
  }
  const facts = { account: 'a', started_at: '', finished_at: '', rate_limited: 0, exit_code: 1, next: 'n' }
  const input = { path: 'crm.csv', sha256: 'ab', rows, bytes: 1 }
  const run = { run_id: 'crm-1', input, env: 'sandbox', host: 'h', ...facts }
  const page = renderReport({ ...run, ...totals.totals() }, reportFacts, data)
  writeOutputFile(join(directory, 'report.html'), page)
}

const name = hasChromium ? 'in Chromium' : 'in Chromium (skipped: there is no /usr/bin/chromium)'

describe.skipIf(!hasChromium)(name, () => {
  let directory: string
  let page: BrowserPage
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'report-'))
    write(directory)
    page = await openInChromium(join(directory, 'report.html'))
  })
  afterAll(async () => {
    await page.close()
    rmSync(directory, { recursive: true })
  })
  const status = () => page.evaluate(`document.getElementById('status').textContent`)
  const set = (id: string, value: string, event: string) =>
    page.evaluate(
      `{ const found = document.getElementById('${id}'); found.value = '${value}'; found.dispatchEvent(new Event('${event}')); new Promise((done) => setTimeout(done, 500)) }`,
    )

  it('lists 100,000 rows in pages', async () => {
    expect(await status()).toBe('100,000 rows, page 1 of 4,000')
    await page.evaluate(`document.getElementById('last').click()`)
    expect(await status()).toBe('100,000 rows, page 4,000 of 4,000')
    expect(await page.evaluate(`document.querySelector('#rows tr:last-child th').textContent`)).toBe(
      '100,000',
    )
  })

  it('shows cells below their row with --include-values, finds them, and warns about them', async () => {
    await page.evaluate(`document.getElementById('first').click()`)
    const shown = `[...document.querySelectorAll('#rows tr.values')].map((row) => row.textContent)`
    expect(await page.evaluate(shown)).toEqual([
      `customercus_1noteZz, 1 ${hostile}`,
      `customercus_2noteZz, 2 ${hostile}`,
    ])
    await set('search', 'zz, 2', 'input')
    expect(await status()).toBe('1 row, page 1 of 1')
    await set('search', '', 'input')
    expect(await page.evaluate(`document.querySelector('header').textContent`)).toContain(
      'Personal data This page shows what the cells of 2 rows hold',
    )
  })

  it('filters by outcome and code, and finds a row, a customer and a message', async () => {
    await set('outcome', 'failed', 'change')
    expect(await status()).toBe('100 rows, page 1 of 4')
    await set('search', '5000', 'input')
    expect(await status()).toBe('11 rows, page 1 of 1')
    await set('search', 'IMG SRC', 'input')
    expect(await status()).toBe('100 rows, page 1 of 4')
    await page.evaluate(`document.querySelector('button[data-code=E_API]').click()`)
    expect(await status()).toBe('99,900 rows, page 1 of 3,996')
    expect(await page.evaluate('document.activeElement.id')).toBe('attention-title')
  })

  it.each([
    ['screen', 1280],
    ['screen', 940],
    ['screen', 360],
    ['print', 720],
  ] as const)('has room on a %s of %i pixels', async (media, width) => {
    await page.show(media, width)
    await page.evaluate('new Promise((done) => setTimeout(done, 100))')
    const beyond = `[...document.querySelectorAll('td, tbody th, svg, p')].filter((part) => part.closest('details') === null && part.getBoundingClientRect().right > ${width}).map((part) => part.textContent).join()`
    expect(await page.evaluate(beyond)).toBe('')
  })

  it.each([
    [1_280, 'light'],
    [1_280, 'dark'],
    [360, 'light'],
    [360, 'dark'],
  ] as const)('has nothing that axe finds wrong, %i pixels wide and %s', async (width, scheme) => {
    await page.show('screen', width, scheme)
    await page.evaluate(axe.source)
    const found = `axe.run().then(({ violations, passes }) => ({ passed: passes.length, violations: violations.map(({ id, impact, nodes }) => [id, impact, nodes[0].html, nodes[0].failureSummary]) }))`
    const { passed, violations }: Record<string, unknown> = Object(await page.evaluate(found))
    expect(violations).toEqual([])
    expect(passed).toBeGreaterThan(20)
  })

  it('is used with the keyboard alone: from the links to the filters, and a page turned by Enter', async () => {
    await page.show('screen', 1_280)
    await page.evaluate(`document.querySelector('nav a').focus()`)
    await set('code', '', 'change')
    const seen: unknown[] = []
    for (let press = 0; press < 40 && seen.at(-1) !== 'next'; press++) {
      await page.press('Tab')
      seen.push(await page.evaluate('document.activeElement.id'))
    }
    expect(seen).toEqual(expect.arrayContaining(['search', 'outcome', 'code', 'next']))
    await page.press('Enter')
    expect(await status()).toBe('100,000 rows, page 2 of 4,000')
  })

  it('is styled, runs nothing of a message, has no complaint and makes no request but for itself', async () => {
    await page.show('screen', 1280)
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('1216px')
    expect(await page.evaluate(`document.title + document.querySelectorAll('img').length`)).toBe(
      'crm-1: rapyd-bulk0',
    )
    expect(page.complaints).toEqual([])
    expect(page.requests).toHaveLength(1)
  })
})
