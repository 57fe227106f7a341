/** Lines that a run says once before it begins: about its store, its folder, its proxy, and options of the former version. */
import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { nameOfProxy } from '../config/environment.ts'
import type { StoreOptions, StoredRun } from '../model/store.ts'
import { shellWord } from '../model/text.ts'
import type { RunEvent } from '../report/run-log.ts'

export interface NoticeParts {
  readonly options: StoreOptions
  /** Undefined if calls are direct. */
  readonly proxy: URL | undefined
  readonly storePath: string
  /** The run, if the store knows it. */
  readonly known: Pick<StoredRun, 'id' | 'directory'> | undefined
  /** The folder that the run would have in `--runs-dir`. */
  readonly directory: string
}

export function reportNotices(
  { options, proxy, storePath, known, directory }: NoticeParts,
  notify: (event: RunEvent) => void,
): void {
  const add = (text: string, isWarning = false): void => notify({ kind: 'notice', text, isWarning })
  if (options.stateDir !== undefined && options.store === undefined)
    add(`--state-dir is a former option: it means --store ${shellWord(storePath)}`)
  if (known !== undefined && known.directory !== directory)
    add(`Run ${known.id} keeps its folder ${known.directory}; --runs-dir does not move it.`)
  if (proxy !== undefined) add(`Calls go through the proxy ${nameOfProxy(proxy)}. --no-proxy calls directly.`)
  if (isInContainer() && isLostWithContainer(storePath)) {
    add(
      `The store ${storePath} is not on a volume: it is lost with this container, and with it what was sent. Mount a volume, and name a file on it with --store.`,
      true,
    )
  }
}

function isInContainer(): boolean {
  return (
    process.env['KUBERNETES_SERVICE_HOST'] !== undefined ||
    ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path))
  )
}

/** Types of statfs(2): overlayfs and tmpfs. */
const lostTypes: ReadonlySet<number> = new Set([0x794c7630, 0x1021994])

function isLostWithContainer(path: string): boolean {
  return lostTypes.has(statfsSync(dirname(path)).type >>> 0)
}
