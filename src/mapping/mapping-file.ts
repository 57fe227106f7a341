/** Loads the mapping of `--map`. The packages for it are imported only then. */
import { isUtf8 } from 'node:buffer'
import { constants, existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { isJsonObject } from '../model/json.ts'
import { machineLimit } from '../config/system.ts'
import { systemCode } from '../model/errors.ts'
import { mappingError, defaultMapping, type Mapping } from './mapping.ts'
import presetTable from './presets.json' with { type: 'json' }

/** Mapping files for the usual exports of CRMs, by their name for `--map`. */
const presets: Readonly<Record<string, unknown>> = presetTable

const mostBytes = 256 * 1024

/**
 * Loads the mapping file at `path`, or the preset of that name if there is no such file. Without a path it is the default mapping.
 * Throws E_MAPPING, with line and column if there is one.
 */
export async function loadMapping(path: string | undefined): Promise<Mapping> {
  if (path === undefined) return defaultMapping
  // A run stores presets as absolute paths too, so the last part counts.
  const preset = basename(path)
  if (existsSync(path) || !Object.hasOwn(presets, preset)) return parseMapping(await readText(path), path)
  const mapping = await parseMapping(JSON.stringify(presets[preset], undefined, 2), `preset ${preset}`)
  return { ...mapping, origin: 'preset', canonical: `preset ${mapping.canonical}` }
}

/** `name` is the name of the text in errors. */
export async function parseMapping(text: string, name: string): Promise<Mapping> {
  const [{ readMappingDocument }, { checkMapping }, { compileMapping }] = await Promise.all([
    import('./mapping-document.ts'),
    import('./mapping-schema.ts'),
    import('./mapping-compiler.ts'),
  ])
  const document = readMappingDocument(text, name)
  const value = sortKeys(document.value)
  return compileMapping(checkMapping({ ...document, value }), document, JSON.stringify(value))
}

/** Sorts keys, so that bodies and digests do not depend on their order in the file. `$schema` is left out. */
function sortKeys(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((item) => sortKeys(item, depth + 1))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).filter(([key]) => depth > 0 || key !== '$schema')
  entries.sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner, depth + 1)]))
}

async function readText(path: string): Promise<string> {
  const refuse = (why: string): Error =>
    mappingError(
      path,
      why,
      `Give a YAML or JSON file in UTF-8 of at most 256 KiB, or a preset: ${Object.keys(presets).join(', ')}.`,
    )
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    const limit = machineLimit(error)
    if (limit !== undefined) throw limit
    throw refuse(
      systemCode(error) === 'ENOENT' ? 'there is no such file' : 'the mapping file cannot be opened',
    )
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw refuse('this is not a regular file')
    if (stat.size > mostBytes) throw refuse('the mapping file is too large')
    const bytes = await file.readFile()
    if (!isUtf8(bytes)) throw refuse('the mapping file is not UTF-8')
    return new TextDecoder().decode(bytes)
  } finally {
    await file.close()
  }
}
