/** Names that others wrote never reach the terminal as a terminal obeys them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const wipe = '\u001b[2J\u009b2J'
const shown = '\\x1b[2J\\x9b2J'
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const obeyed = /[\0-\u0008\u000b-\u001f\u007f-\u009f]/

describe('what a terminal would obey', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
  })
  afterEach(() => folder.remove())

  it.each([
    ['a column', ['validate', 'crm.csv'], { 'crm.csv': `customer,na${wipe}me\n` }, 3],
    ['a key of metadata', ['validate', 'crm.csv'], { 'crm.csv': `customer,metadata.${wipe}\n${id},x\n` }, 3],
    [
      'a key of NDJSON',
      ['validate', 'crm.ndjson'],
      { 'crm.ndjson': `{"id":"${id}","na\\u001b[2J\u009b2Jme":1}\n` },
      1,
    ],
    [
      'the name of a file',
      ['validate', `crm${wipe}.csv`],
      { [`crm${wipe}.csv`]: `customer,name\n${id},Jo\n` },
      0,
    ],
    ['the name of no file', ['validate', `crm${wipe}.csv`], {}, 3],
    ['an option', ['update', 'crm.csv', '--env', 'simulator', '--rate', wipe], { 'crm.csv': 'id\n' }, 2],
    ['a flag that there is not', ['validate', 'crm.csv', `--x${wipe}`], { 'crm.csv': 'id\n' }, 2],
    [
      'the runs directory',
      ['update', 'crm.csv', '--env', 'simulator', '--runs-dir', `runs${wipe}`],
      { 'crm.csv': `customer,name\n${id},Jo\nnobody,Jo\n` },
      1,
    ],
  ])('is shown instead where it is in %s', async (_what, args, files, code) => {
    for (const [name, text] of Object.entries(files)) folder.write(name, text)
    const finished = await folder.run(args)
    const output = finished.stdout + finished.stderr
    expect(finished.code).toBe(code)
    expect(output).toContain(shown)
    expect(output).not.toMatch(obeyed)
  })
})
