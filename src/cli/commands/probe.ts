/** `probe`: one experiment on a customer that the user names, after a question. */
import { probe as probeAccount, showProbe, type ProbeFacts } from '../../jobs/probe.ts'
import { usageError } from '../../config/values.ts'
import { exitCodes } from '../../model/errors.ts'
import { errorOf } from '../../engine/errors.ts'
import { shellWord } from '../../model/text.ts'
import { isoTime } from '../../report/format.ts'
import { senderOptions } from '../arguments.ts'
import type { Arguments } from '../command-table.ts'
import { drainOnSignals, isTyped, printResult, say } from '../terminal.ts'

export async function probe(args: Arguments<'probe'>): Promise<number> {
  const { customer, show = false, json, confirmProduction } = args
  if ((customer === undefined) !== show)
    throw usageError(
      'probe needs either --customer or --show',
      'Write it like: rapyd-bulk probe --customer cus_…',
    )
  const { options, production } = senderOptions(args, {})
  if (customer === undefined) {
    printFacts(json, await showProbe(options))
    return exitCodes.OK
  }
  using stopping = drainOnSignals()
  const { signal } = stopping
  const found = await probeAccount(
    { ...options, customer },
    {
      signal,
      async confirm({ host, account }) {
        const what = `This sends one key of metadata of ${customer} on ${host} (account ${account}), with the value that it has.`
        const back = 'If the other keys are gone then, they are written back at once.'
        const isAllowed = production ? confirmProduction === host : args.yes === true
        const word = production ? host : 'yes'
        if (isAllowed || (await isTyped(word, `${what} ${back}\nType ${word} to send: `, signal))) return
        const flag = production ? `--confirm-production ${shellWord(host)}` : '--yes'
        throw errorOf('E_NOT_CONFIRMED', 'unconfirmed_probe', { what, flag })
      },
      onEvent(event) {
        if (event.kind === 'notice') say(event.text)
      },
    },
  )
  printFacts(json, found)
  return exitCodes.OK
}

function printFacts(json: boolean | undefined, { host, account, metadata }: ProbeFacts): void {
  const facts = {
    host,
    account,
    metadata: metadata?.value ?? null,
    customer: metadata?.customer ?? null,
    probed_at: metadata === undefined ? null : isoTime(metadata.at),
  }
  const found =
    metadata === undefined
      ? 'not probed: all keys of metadata are sent'
      : `${metadata.value === 'merge' ? 'merges' : 'replaces'} metadata (${metadata.customer}, ${isoTime(metadata.at)})`
  printResult(json, facts, `Account ${account} on ${host}: ${found}\n`)
}
