/** Puts the doctor together for one input: which of its columns hold what, and what is looked for in each. */
import { createCsvColumns, createNdjsonColumns } from '../doctor/columns.ts'
import { createExamination } from '../doctor/examine.ts'
import type { ExamineParts, Examination } from '../doctor/examine.ts'
import { isCodeName } from '../doctor/text-damage.ts'
import { lookAlikeColumns } from '../domain/look-alikes.ts'
import type { Head } from '../input/header.ts'
import { planHeader, planKeys } from '../mapping/column-plans.ts'
import type { PlannedColumn } from '../mapping/column-plans.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { Target } from '../mapping/targets.ts'
import type { UpdateOptions } from '../options.ts'
import { createLocate, rulesOf } from '../prepare.ts'
import { typedColumns } from './typed-columns.ts'

export interface ExaminationParts extends Pick<ExamineParts, 'onDefect' | 'onRefused'> {
  readonly head: Head
  readonly options: UpdateOptions
  readonly mapping: Mapping
}

/** Throws INPUT errors where the header cannot be matched. */
export function openExamination(parts: ExaminationParts): Examination {
  const { head, options, mapping, ...watch } = parts
  const ignored = options.ignoreColumns ?? []
  const rules = rulesOf(options)
  const locate = createLocate(head, ignored, mapping)
  const shared = { ...watch, locate }
  if (head.format === 'ndjson') {
    const columns = createNdjsonColumns(planKeys(ignored, mapping, rules), rules.nullValues)
    return createExamination({ ...shared, columns, texts: [], typed: [], headerDoubts: [] })
  }
  const plans = planHeader(head.header, ignored, mapping, rules)
  const columns = createCsvColumns(plans, rules.nullValues)
  const texts = plans.flatMap((plan, index) => textsOf(plan, index))
  return createExamination({
    ...shared,
    columns,
    texts,
    typed: typedColumns(plans),
    headerDoubts: lookAlikeColumns(
      plans.flatMap(({ name, targets }, index) => (targets.length === 0 ? [] : { name, number: index + 1 })),
    ),
  })
}

/** Fields with a rule are judged by it; others hold texts. */
function textsOf({ name, targets }: PlannedColumn, index: number): ExamineParts['texts'] {
  const target = targets.find((candidate) => !hasForm(candidate))
  if (target === undefined) return []
  const isFree = target.path.startsWith('metadata.')
  return [{ index, field: target.path, isFree, isCode: isCodeName(isFree ? name : target.path) }]
}

function hasForm({ rule, path }: Target): boolean {
  return rule !== undefined && path !== 'occupation'
}
