/** `summary.json` and the few lines that a person reads at the end of a run. */
import { join } from 'node:path'
import { styleText } from 'node:util'
import { outcomeKinds } from '../domain/outcome.ts'
import type { OutcomeKind } from '../domain/outcome.ts'
import { printable } from '../domain/printable.ts'
import { openOutputFile } from './output-file.ts'
import type { Totals } from './totals.ts'

export interface RunFacts {
  readonly run_id: string
  /** The run whose rows a redo sends again. */
  readonly parent?: { readonly run_id: string }
  readonly input: {
    readonly path: string
    readonly sha256: string
    readonly rows: number
    readonly bytes: number
  }
  readonly env: string
  readonly host: string
  /** A fingerprint of the access key, never the key. */
  readonly account: string
  readonly started_at: string
  readonly finished_at: string
  readonly rate_limited: number
  readonly exit_code: number
  /** What to do now. */
  readonly next: string
}

export type Summary = RunFacts & Totals

/** Puts a summary together in the order in which it is documented, which is the order of the file's keys. */
export function summaryOf(facts: RunFacts, totals: Totals): Summary {
  const { rate_limited, exit_code, next, ...first } = facts
  const { outcomes, cleared, calls, attempts, retries, errors, latency_ms } = totals
  const counts = { outcomes, cleared, calls, attempts, rate_limited, retries, errors, latency_ms }
  return { ...first, ...counts, exit_code, next }
}

export function writeSummary(directory: string, summary: Summary): void {
  const file = openOutputFile(join(directory, 'summary.json'))
  file.write(`${JSON.stringify(summary, undefined, 2)}\n`)
  file.commit()
}

export const outcomeWords: Readonly<Record<OutcomeKind, string>> = {
  updated: 'confirmed by Rapyd',
  unchanged: 'nothing to send',
  invalid: 'refused here, never sent',
  rejected: 'refused by Rapyd',
  failed: 'not applied: no attempt got through',
  unknown: 'may have been applied: look at these customers',
  not_attempted: 'the run stopped before them',
}

const colours = {
  updated: 'green',
  unchanged: 'gray',
  invalid: 'yellow',
  rejected: 'red',
  failed: 'red',
  unknown: 'magenta',
  not_attempted: 'yellow',
} as const

/** One screen: what happened, what to look at, where the files are. */
export function summaryText(summary: Summary, directory: string, color: boolean): string {
  const paint = (kind: OutcomeKind, text: string): string =>
    color ? styleText(colours[kind], text, { validateStream: false }) : text
  const number = new Intl.NumberFormat('en-US')
  const lines = [`Run ${summary.run_id} on ${summary.host}: ${number.format(summary.input.rows)} rows`]
  for (const kind of outcomeKinds) {
    const count = summary.outcomes[kind]
    if (count > 0)
      lines.push(
        `  ${number.format(count).padStart(9)}  ${paint(kind, kind.padEnd(14))} ${outcomeWords[kind]}`,
      )
  }
  if (summary.errors.length > 0) lines.push('', 'To look at:')
  for (const { code, field, count, message, example_row, tip } of summary.errors.slice(0, 5)) {
    lines.push(
      printable(
        `  ${number.format(count).padStart(9)}  ${code}${field === '' ? '' : ` ${field}`}: ${message} (row ${example_row})`,
      ),
      `             ${tip}`,
    )
  }
  lines.push('', `Files: ${printable(directory)}`)
  return `${lines.join('\n')}\n`
}
