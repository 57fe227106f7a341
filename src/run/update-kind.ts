/** `update`, as a kind of run: every row of one input, under a name that is made of it. */
import { checkInput } from '../guard/check-input.ts'
import type { PipedInput } from '../input/spool.ts'
import type { UpdateOptions } from '../config/options.ts'
import { runDigest } from './identity.ts'
import type { RunKind } from './kind.ts'
import { tonight } from './tonight.ts'
import { checkRunId, freshRunId, runName } from '../store/run-directory.ts'

export function updateOf(options: UpdateOptions, piped: PipedInput | undefined): RunKind {
  return {
    piped,
    redo: undefined,
    runIdOf(facts, runsDir, lastSender) {
      const derived = `${runName(options.input)}-${runDigest(facts)}`
      const wanted = options.runId === undefined ? derived : checkRunId(options.runId)
      if (options.newRun) return freshRunId(runsDir, wanted)
      return options.onlyChanged === true ? tonight(runsDir, wanted, lastSender ?? '') : wanted
    },
    check: checkInput,
  }
}
