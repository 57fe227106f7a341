/*
 * What runs in the page: filters, search and pages of the table. It makes no markup of data, only text nodes. Nothing in it may
 * look like the end of a script element.
 */
'use strict'
const one = (id) => document.getElementById(id)
;(() => {
  const data = document.getElementById('attention-data')
  if (data === null) return
  const { kinds, rows, names = [], values = [], words = [] } = JSON.parse(data.textContent)
  const width = 4
  const pageRows = 25
  const [search, outcome, code, body, status] = ['search', 'outcome', 'code', 'rows', 'status'].map(one)
  const number = new Intl.NumberFormat('en-US')
  let found = []
  let page = 0

  // What rows share is searched once a kind; a row adds its own numbers and its customer.
  function filter() {
    const text = search.value.trim().toLowerCase()
    const digits = text.replaceAll(',', '')
    const fits = kinds.map(
      ([kind, error]) =>
        (outcome.value === '' || kind === outcome.value) && (code.value === '' || error === code.value),
    )
    const told = kinds.map((kind) => kind.some((part) => part.toLowerCase().includes(text)))
    found = []
    for (let at = 0; at < rows.length; at += width) {
      const kind = rows[at + 3]
      if (!fits[kind]) continue
      if (
        told[kind] ||
        String(rows[at]) === digits ||
        String(rows[at + 1]) === digits ||
        rows[at + 2].toLowerCase().includes(text) ||
        [...(values[at / width] ?? []), words[at / width] ?? ''].some((cell) =>
          cell.toLowerCase().includes(text),
        )
      )
        found.push(at)
    }
    page = 0
    show()
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / pageRows))
    page = Math.min(Math.max(page, 0), pages - 1)
    body.replaceChildren(
      ...found.slice(page * pageRows, (page + 1) * pageRows).flatMap((at) => [line(at)].concat(cellsOf(at))),
    )
    status.textContent =
      number.format(found.length) +
      (found.length === 1 ? ' row' : ' rows') +
      ', page ' +
      number.format(page + 1) +
      ' of ' +
      number.format(pages)
    one('first').disabled = one('previous').disabled = page === 0
    one('next').disabled = one('last').disabled = page === pages - 1
  }

  function line(at) {
    const row = document.createElement('tr')
    const cells = [number.format(rows[at]), number.format(rows[at + 1]), rows[at + 2], ...kinds[rows[at + 3]]]
    cells.forEach((text, column) => {
      const cell = document.createElement(column === 0 ? 'th' : 'td')
      if (column === 0) cell.scope = 'row'
      cell.dataset.label = labels[column]
      cell.textContent = text
      if (column === 3) cell.className = 'pill ' + text
      row.append(cell)
    })
    return row
  }

  // The cells of a row, below it.
  function cellsOf(at) {
    const cells = values[at / width]
    if (cells === undefined) return []
    const row = document.createElement('tr')
    const cell = row.appendChild(document.createElement('td'))
    row.className = 'values'
    cell.colSpan = labels.length
    cells.forEach((text, column) => {
      const pair = cell.appendChild(document.createElement('span'))
      if (cells.length > 1 || names.length === 1)
        pair.appendChild(document.createElement('b')).textContent = names[column] ?? '?'
      pair.append(text === '' ? '(blank)' : text)
    })
    const said = words[at / width] ?? ''
    if (said !== '') {
      const pair = cell.appendChild(document.createElement('span'))
      pair.appendChild(document.createElement('b')).textContent = 'Rapyd says'
      pair.append(said)
    }
    return [row]
  }

  const labels = [...document.querySelectorAll('#rows-table thead th')].map((cell) => cell.textContent)
  const turn = (id, to) =>
    one(id).addEventListener('click', () => {
      page = to()
      show()
    })
  turn('first', () => 0)
  turn('previous', () => page - 1)
  turn('next', () => page + 1)
  turn('last', () => Infinity)
  let waiting
  search.addEventListener('input', () => {
    clearTimeout(waiting)
    waiting = setTimeout(filter, 120)
  })
  outcome.addEventListener('change', filter)
  code.addEventListener('change', filter)
  for (const button of document.querySelectorAll('button[data-code]')) {
    button.hidden = false
    button.addEventListener('click', () => {
      search.value = ''
      outcome.value = ''
      code.value = button.dataset.code
      filter()
      one('attention').scrollIntoView()
      one('attention-title').focus()
    })
  }
  one('table-tool').hidden = false
  filter()
})()
