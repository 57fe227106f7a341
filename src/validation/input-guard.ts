/** The guard that refuses a damaged file, or one that differs from the last file of its name. */
import { createFindMisreading, type FindMisreading } from './misreading.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { shellWord } from '../model/text.ts'
import { refusal } from '../input/refusals.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { isOutcome, type MalformedRow, type Outcome, type PatchedRow, type Row } from '../model/row.ts'
import { countUp } from '../model/collections.ts'
import type { Scan } from '../model/scan.ts'
import type { Run, Store } from '../model/store.ts'
import { runName } from '../store/run-directory.ts'
import { createBrokenRows, textDamage, textsOf, typedColumns } from './damage.ts'
import {
  createCustomerSampler,
  findProfiledRun,
  mostFields,
  saveProfile,
  type FileProfile,
  type ProfiledRun,
  type SampledCustomer,
  type ValueHashes,
} from './file-profile.ts'
import { columnsOf } from './row-reader.ts'
import type { MappedInput } from './input-parts.ts'

interface InputGuardParts extends MappedInput {
  readonly store: Pick<Store, 'runs'>
  /** What the run is bound to. */
  readonly facts: Readonly<Record<'host' | 'account' | 'mapping', string>>
}

/** For a file that no run has accepted yet. */
export async function openInputGuard({ store, facts, ...input }: InputGuardParts) {
  // CSV and NDJSON write addresses differently, so their fields cannot be compared.
  const key = { ...facts, name: `${runName(input.options.input)}.${input.head.format}` }
  // Standard input has no name, so its files cannot be told apart.
  const isNamed = input.options.input !== '-'
  const profiler = createFileProfiler(input, isNamed ? await findProfiledRun(store, key) : undefined)
  return {
    ...profiler,
    /** Returns what saves the profile with the run. Throws INPUT, E_UNLIKE_LAST or E_DAMAGED_FILE. */
    async check(found: Scan) {
      const { profile, refusal: error } = await profiler.finish(found)
      if (error !== undefined) throw error
      return async (run: Pick<Run, 'noteLater'>): Promise<void> => {
        if (isNamed) saveProfile(run, key, profile)
      }
    },
  }
}

/** Throws INPUT errors if the header cannot be matched. */
export function createFileProfiler(input: MappedInput, earlier: ProfiledRun | undefined) {
  const { file, options } = input
  const broken = createBrokenRows(typedColumns(columnsOf(input)()))
  const findMisreading = createFindMisreading()
  const sampler = createCustomerSampler(earlier?.profile, (row) => isMisread(row, findMisreading))
  let row: Row | MalformedRow | undefined

  return {
    /** Sees the rows of the scan. */
    row(next: Row | MalformedRow, read: PatchedRow | Outcome): void {
      row = next
      if (!isOutcome(read)) sampler.add(read)
      if (isOutcome(read) && read.errorCode !== '') broken.bad(next, read.errorCode)
      else broken.good()
    },
    /** Makes the profile after the scan, and decides if the file may be sent. */
    async finish(found: Scan) {
      const end = row === undefined ? 0 : row.offset + row.length
      const endsLine = (await file.read(end, 1)).length > 0
      const current = { ...countRows(found), endsLine, ...sampler.finish(), volatileFields: [] }
      const last = earlier !== undefined && isComparable(earlier.profile) ? earlier : undefined
      const verdict = broken.verdict(endsLine) ?? (last === undefined ? describeMisread(current) : undefined)
      const damage = verdict === undefined ? [] : [{ what: 'damage', text: verdict }]
      if (last === undefined) return { profile: current, refusal: createRefusal(damage, undefined, options) }
      const customers = last.isSameMapping
        ? compareCustomers(last.profile, sampler.shared)
        : { differences: [], volatileFields: [] }
      const profile = { ...current, volatileFields: customers.volatileFields }
      const differences = [
        ...(damage.length > 0 ? damage : compareDamage(last.profile, profile)),
        ...(options.expectRows === undefined ? compareRows(last.profile, profile) : []),
        ...(last.isSameMapping ? compareFields(last.profile, profile) : []),
        ...customers.differences,
      ]
      return { profile, refusal: createRefusal(differences, last, options) }
    },
  }
}

function isMisread(row: PatchedRow, findMisreading: FindMisreading): boolean {
  return textsOf(row).some(
    ([{ field, isFree }, text]) =>
      textDamage(text, isFree, false, field, findMisreading)?.code === 'W_ENCODING',
  )
}

function countRows({ rows, calls, invalid, set, cleared }: Scan) {
  const counted = [...set].filter(([field]) => set.size <= mostFields || !field.startsWith('metadata.'))
  const filled = counted.map(([field, count]) => [field, count - (cleared.get(field) ?? 0)] as const)
  return { rows, calls, invalid, filled: Object.fromEntries(filled) }
}

/** Further differences are only counted in the message. */
const mostNamed = 3

function createRefusal(
  differences: readonly ProfileDifference[],
  last: ProfiledRun | undefined,
  { acceptChange }: ResolvedOptions,
): BulkUpdateError | undefined {
  const accepted = new Set(acceptChange)
  const words = [...new Set(differences.map(({ what }) => what))].filter((what) => !accepted.has(what))
  if (words.length === 0 || accepted.has('all')) return undefined
  // The message has the first difference of each word.
  const open = words.flatMap((word) => differences.find(({ what }) => what === word)?.text ?? [])
  const more = open.length > mostNamed ? `; and ${open.length - mostNamed} more` : ''
  const texts = {
    differences: open.slice(0, mostNamed).join('; ') + more,
    words: shellWord(words.length > mostNamed ? 'all' : words.join(',')),
  }
  if (last === undefined) return refusal('E_DAMAGED_FILE', 'damagedFile', texts)
  const day = last.finishedAt.slice(0, 10)
  return refusal('E_UNLIKE_LAST', 'unlikeLast', { ...texts, runId: last.runId, day })
}

/** `what` is the word by which `--accept-change` takes it: `rows`, `damage` or a field. */
interface ProfileDifference {
  readonly what: string
  readonly text: string
}

/** Smaller files are made by hand, and differ each time. */
const leastRows = 10
/** With fewer shared customers, nothing can be said of their values. */
const leastShared = 10
/** A field may change for this share of the customers that have it. */
const mostChanged = 0.3
/** This many differences in a row at the end are no coincidence. */
const longestRun = 8

/** Allows a share of `of` rows, or `least` rows in a small file. */
const slack = (of: number, share: number, least: number): number => Math.max(of * share, least)

function isComparable(last: FileProfile): boolean {
  return last.rows >= leastRows
}

/** Finds a file with a tenth fewer rows (cut off) or half as many again (pasted twice). */
export function compareRows(last: FileProfile, { rows }: FileProfile): readonly ProfileDifference[] {
  const isCut = last.rows - rows > slack(last.rows, 0.1, leastRows) || rows * 2 < last.rows
  const isDoubled = rows - last.rows > slack(last.rows, 0.5, leastRows) || (rows >= last.rows * 2 && rows > 0)
  if (!isCut && !isDoubled) return []
  const percent = Math.round((100 * rows) / last.rows)
  return [{ what: 'rows', text: `it has ${rows} rows, ${percent} % of last time's ${last.rows}` }]
}

/** Finds a lost line end, more than 1% new invalid rows, and texts that a wrong encoding has damaged. */
export function compareDamage(last: FileProfile, next: FileProfile): readonly ProfileDifference[] {
  const texts: string[] = []
  if (last.endsLine && !next.endsLine) texts.push('its last row has no line end, as if it was cut there')
  const expected = (last.invalid * next.rows) / last.rows
  if (next.invalid - expected > slack(next.rows, 0.01, 5))
    texts.push(
      `${next.invalid} of its ${next.rows} rows are invalid, ${last.invalid} of ${last.rows} last time`,
    )
  if (next.misread - last.misread > slack(next.customers.length, 0.02, 3)) texts.push(misreadText(next))
  return texts.map((text) => ({ what: 'damage', text }))
}

type Misread = Pick<FileProfile, 'customers' | 'misread'>

/** Returns undefined if so few texts are damaged that only some customers have them. */
function describeMisread(next: Misread): string | undefined {
  return next.misread > slack(next.customers.length, 0.05, leastRows) ? misreadText(next) : undefined
}

function misreadText({ customers, misread }: Misread): string {
  return `${misread} of ${customers.length} sampled rows have texts that a wrong encoding has damaged (Ã© for é, ³ for ł, ? for a letter)`
}

/** Finds fields that are missing, or blank for more than 2% of the rows that had them. Expects one mapping for both. */
export function compareFields(last: FileProfile, next: FileProfile): readonly ProfileDifference[] {
  return Object.entries(last.filled).flatMap(([field, before]): ProfileDifference[] => {
    const filled = next.filled[field] ?? 0
    if (last.calls === 0) return []
    const lost = (before / last.calls) * next.calls - filled
    const isLost = lost > slack(next.calls, 0.02, leastRows) || (filled * 2 < before && lost > 4)
    if (!isLost) return []
    if (next.filled[field] === undefined)
      return [{ what: field, text: `no row has ${field}, which ${before} of ${last.calls} had last time` }]
    const [blank, blankBefore] = [next.calls - filled, last.calls - before]
    const counts = `${blank} of ${next.calls} rows, ${blankBefore} of ${last.calls} last time`
    return [{ what: field, text: `${field} is blank in ${counts}` }]
  })
}

/** `next` holds the customers of `last` that the next file has too. Expects one mapping for both. */
export function compareCustomers(last: FileProfile, next: ReadonlyMap<string, ValueHashes>) {
  const shared = last.customers.filter(([id]) => next.has(id))
  if (shared.length < leastShared) return { differences: [], volatileFields: [] }
  const counts = last.fields.map((field, index) => {
    const having = shared.filter(([, hashes]) => (hashes[index] ?? 0) > 0)
    const changed = having.filter((customer) => isChanged(customer, index, next)).length
    const before = shareOfMostFrequent(shared, ([, hashes]) => hashes[index])
    const isMoreUniform = shareOfMostFrequent(shared, ([id]) => next.get(id)?.[index]) > before + 0.25
    return { field, index, having: having.length, changed, isMoreUniform }
  })
  const volatileCounts = counts.filter(
    ({ having, changed }) => having >= leastShared && changed > having * mostChanged,
  )
  const unexpected = volatileCounts.filter(({ field }) => !last.volatileFields.includes(field))
  // One key of metadata may hold a balance and change for every customer, but not to one value.
  const isUsual =
    unexpected.length === 1 &&
    unexpected.every(({ field, isMoreUniform }) => field.startsWith('metadata.') && !isMoreUniform)
  const differences = (isUsual ? [] : unexpected).map(({ field, having, changed }) => ({
    what: field,
    text: `${field} differs from last time for ${changed} of ${having} sampled customers`,
  }))
  const stable = counts.filter((count) => !volatileCounts.includes(count))
  return {
    differences: [...differences, ...compareEnds(last, shared, stable, next)],
    volatileFields: volatileCounts.map(({ field }) => field),
  }
}

/** Finds a file whose last customers are missing, or whose values changed only at its end. */
function compareEnds(
  last: FileProfile,
  shared: readonly SampledCustomer[],
  stable: readonly { readonly field: string; readonly index: number }[],
  next: ReadonlyMap<string, ValueHashes>,
): readonly ProfileDifference[] {
  const missing = runAtEnd(last.customers, ([id]) => !next.has(id))
  const others = last.customers.length - missing
  // If most others are missing too, the file is simply of other customers.
  if (missing >= longestRun && shared.length >= others * 0.8)
    return [{ what: 'rows', text: 'none of the last customers of last time is updated by it' }]
  return stable.flatMap(({ field, index }) =>
    runAtEnd(shared, (customer) => isChanged(customer, index, next)) >= longestRun
      ? [{ what: field, text: `${field} differs from last time for each of the last customers` }]
      : [],
  )
}

function shareOfMostFrequent(
  customers: readonly SampledCustomer[],
  hashOf: (customer: SampledCustomer) => number | undefined,
): number {
  const counts = new Map<number, number>()
  for (const customer of customers) countUp(counts, hashOf(customer) ?? 0)
  return Math.max(...counts.values()) / customers.length
}

function runAtEnd(
  customers: readonly SampledCustomer[],
  matches: (customer: SampledCustomer) => boolean,
): number {
  return customers.length - 1 - customers.findLastIndex((customer) => !matches(customer))
}

function isChanged(
  [id, hashes]: SampledCustomer,
  index: number,
  next: ReadonlyMap<string, ValueHashes>,
): boolean {
  return (hashes[index] ?? 0) !== (next.get(id)?.[index] ?? 0)
}
