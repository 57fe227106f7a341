/** Reads a mapping file: `--map`. What it needs for that is loaded here and not before. */
import { constants, existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import { systemCode } from '../errors.ts'
import { mappingError } from './mapping-error.ts'
import { defaultMapping } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import presetTable from './presets.json' with { type: 'json' }

/** Mapping files for the usual exports of CRMs, by what `--map` calls them. */
const presets: Readonly<Record<string, unknown>> = presetTable

const mostBytes = 256 * 1024

/**
 * The mapping file at `path`, or, where there is no such file, the preset of that name. Throws E_MAPPING, with line and column
 * where there is one, for whatever keeps the file from being used as it is. Without a path it is the default mapping.
 */
export async function loadMapping(path: string | undefined): Promise<Mapping> {
  if (path === undefined) return defaultMapping
  // A run keeps the whole path of what was named, so the last part counts.
  const preset = basename(path)
  if (existsSync(path) || !Object.hasOwn(presets, preset)) return parseMapping(await readText(path), path)
  const mapping = await parseMapping(JSON.stringify(presets[preset], undefined, 2), `preset ${preset}`)
  return { ...mapping, origin: 'preset', canonical: `preset ${mapping.canonical}` }
}

/** `file` is how errors name the text. */
export async function parseMapping(text: string, file: string): Promise<Mapping> {
  const [{ readMappingDocument }, { checkMapping }, { compileMapping }] = await Promise.all([
    import('./mapping-document.ts'),
    import('./check-mapping.ts'),
    import('./compile-mapping.ts'),
  ])
  const document = readMappingDocument(text, file)
  const value = sorted(document.value)
  return compileMapping(checkMapping({ ...document, value }), document, JSON.stringify(value))
}

/** Keys in one order, and nothing that is only for editors. */
function sorted(value: JsonValue): JsonValue {
  const { $schema: _, ...rest } = isJsonObject(value) ? value : {}
  return isJsonObject(value) ? sortKeys(rest) : value
}

function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => sortKeys(item))
  if (!isJsonObject(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, sortKeys(value[name] ?? null)]))
}

async function readText(path: string): Promise<string> {
  const refuse = (why: string): Error =>
    mappingError(
      path,
      why,
      `Give a YAML or JSON file in UTF-8 of at most 256 KiB, or a preset: ${Object.keys(presets).join(', ')}.`,
    )
  // Without O_NONBLOCK, opening a pipe would wait for whoever writes into it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw refuse(
      systemCode(error) === 'ENOENT' ? 'there is no such file' : 'the mapping file cannot be opened',
    )
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw refuse('this is not a regular file')
    if (stat.size > mostBytes) throw refuse('the mapping file is too large')
    const bytes = await file.readFile()
    if (bytes.length > mostBytes) throw refuse('the mapping file is too large')
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw refuse('the mapping file is not UTF-8')
    }
  } finally {
    await file.close()
  }
}
