/**
 * Runs and plans say which host is called, which files are read and where files are written. They are signed with a key that
 * is derived from the secret key, so nothing is followed that somebody else has edited.
 */
import type { UpdateOptions } from '../config/options.ts'
import { errorOf } from './errors.ts'
import type { RunManifest, Store, StoredRun } from '../model/store.ts'
import { keyedDigests } from '../rapyd/field-digests.ts'
import type { Credentials } from '../rapyd/signature.ts'
import { readRecord, recordText, signedRecord } from './record.ts'
import { readCredentials } from './remote.ts'
import type { KeyChange, KeyChangeWatch } from './watch.ts'

export interface SignedManifest extends KeyChange {
  /** The file that holds it: the plan, or the store. */
  readonly file: string
  /** What is signed. */
  readonly text: string
  readonly signature: string
  readonly signAnew: (signature: string) => Promise<void>
}

const purpose = 'rapyd-bulk manifest 1'
/** What tells keys apart, and a dot. */
const keyLength = 17

/** What tells the key, and the signature. Empty at the embedded simulator, whose keys end with its process. */
export function signManifest(host: string, { secretKey }: Credentials, text: string): string {
  if (host === 'simulator') return ''
  const digest = keyedDigests(secretKey, purpose)
  return `${digest('').slice(0, keyLength - 1)}.${digest(text)}`
}

/**
 * Throws LOCAL, E_MANIFEST, if it was edited; USAGE, E_KEY_CHANGED, if another secret key has signed it and neither
 * `acceptKeyChange` nor the watch accepts that.
 */
export async function acceptManifest(
  { text, signature, signAnew, file, ...change }: SignedManifest,
  options: Pick<UpdateOptions, 'accessKey' | 'secretKey' | 'acceptKeyChange'>,
  watch: KeyChangeWatch,
): Promise<void> {
  if (change.host === 'simulator') return
  const expected = signManifest(change.host, readCredentials(options), text)
  if (signature === expected) return
  const { what, host, account, rows } = change
  const paths = change.paths.filter((path) => path !== '')
  if (signature.slice(0, keyLength) === expected.slice(0, keyLength))
    throw errorOf('E_MANIFEST', 'edited_manifest', { what, file })
  const isAccepted =
    (await watch.onKeyChange?.({ ...change, paths })) === true || options.acceptKeyChange === true
  if (!isAccepted)
    throw errorOf('E_KEY_CHANGED', 'other_key', { what, host, account, rows, files: paths.join(', ') })
  await signAnew(expected)
}

/** What is signed of a run: all that it is bound to, where its files are, and how it was begun. */
export function manifestText(run: RunManifest, record: string): string {
  const { id, kind, parentId = '', host, account, directory, facts } = run
  const bound = Object.entries(facts).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return JSON.stringify([id, kind, parentId, host, account, directory, bound, record])
}

/** Throws like `acceptManifest`. */
export function acceptRun(
  store: Pick<Store, 'path' | 'setNote'>,
  run: StoredRun,
  options: Parameters<typeof acceptManifest>[1],
  watch: KeyChangeWatch,
): Promise<void> {
  const { id, host, account, directory } = run
  const record = recordText(run)
  const { options: { input = '', map = '' } = {}, rows = 0 } = readRecord(run) ?? {}
  const manifest = {
    what: `run ${id}`,
    file: store.path,
    host,
    account,
    rows,
    paths: [input, map, directory],
    text: manifestText(run, record.text),
    signature: record.signature,
    signAnew: (signature: string) => store.setNote(id, ...signedRecord(signature, record.text)),
  }
  return acceptManifest(manifest, options, watch)
}
