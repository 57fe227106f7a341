/** What is wrong with a run that was struck: nothing, or sentences. */
import { mostOnTheirWay, reportFiles, type Strike, type Struck } from './strike.ts'

export function wrongs(plan: Strike, { first, hit, sentAfter, violations }: Struck): string[] {
  const found = [...violations]
  if (/^\s+at .+:\d+/m.test(first.stderr)) found.push(`a stack trace: ${first.stderr}`)
  if (!hit || first.signal !== null) return found
  // Closing files, and what is only for the eye, may fail without harm.
  const ended = first.code === 0 || first.code === 1
  // Of the reports, only the log may be missing from a run that says it went well, and then it says that too.
  if (ended && plan.files === reportFiles && !first.stderr.includes('run.log cannot be written'))
    found.push(`exit ${first.code} without a word about the file that could not be written: ${first.stderr}`)
  if (!ended && first.code !== 6 && first.code !== 2) found.push(`exit ${first.code}: ${first.stderr}`)
  if (!ended && !/\[E_\w+\][\s\S]*\w{3}/.test(first.stderr)) found.push(`no message: ${first.stderr}`)
  // Nobody stops sending because of a file that is made from the store.
  const isTruth = plan.files !== reportFiles
  if (isTruth && first.code === 6 && plan.what !== 'signal=SIGKILL' && sentAfter > mostOnTheirWay)
    found.push(`${sentAfter} updates were sent after the error`)
  return found
}
