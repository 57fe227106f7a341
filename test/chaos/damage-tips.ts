/** Follows what a refusal says is to be done, as its reader would. */
import type { Dice } from './dice.ts'

export interface Refusal {
  readonly args: readonly string[]
  readonly stderr: string
  readonly dice: Dice
  /** How often the command was refused before. */
  readonly tries: number
  /** Makes the plan anew. */
  readonly plan: readonly string[] | undefined
}

export interface WayOut {
  /** What is put back first, from the newest copy. */
  readonly putBack: 'store' | 'all' | undefined
  /** Files that are deleted. */
  readonly remove: readonly string[]
  /** Commands before the same one again. */
  readonly commands: readonly (readonly string[])[]
  /** What is added to it. */
  readonly more: readonly string[]
  /** The input is piped in again. */
  readonly isPiped?: boolean
  /** It sends rows again, and says so. */
  readonly isRepeated: boolean
}

const plain: WayOut = { putBack: undefined, remove: [], commands: [], more: [], isRepeated: false }

const usual = 'store check --restored'

/** Undefined if the refusal names none that this lane knows. */
export function wayOut({ args, stderr, dice, tries, plan }: Refusal): WayOut | undefined {
  const code = /\[(E_\w+)\]/.exec(stderr)?.[1] ?? ''
  const restored = (/rapyd-bulk (store check --restored --store=\S+)/.exec(stderr)?.[1] ?? usual).split(' ')
  const says = (text: string): boolean => stderr.includes(text)
  const isNew = { ...plain, more: ['--new-run'], isRepeated: true }
  const deleted = /Delete it with rm (\S+)/.exec(stderr)?.[1]
  if (deleted !== undefined) return { ...plain, remove: [deleted] }
  switch (code) {
    case 'E_STORE_LOST':
      if (says('does not know the run') && args[0] !== 'rollback')
        return dice.chance(0.5) || tries > 1 ? isNew : { ...plain, putBack: 'store', commands: [restored] }
      return { ...plain, putBack: dice.chance(0.4) ? 'store' : undefined, commands: [restored] }
    case 'E_STORE_DAMAGED':
    case 'E_STORE_VERSION':
      return { ...plain, putBack: 'store', commands: [restored] }
    case 'E_STATE_LOST':
    case 'E_STATE_OTHER':
      return dice.chance(0.5) && says('--new-state')
        ? { ...plain, more: ['--new-state'], isRepeated: true }
        : { ...plain, commands: [['state', 'baseline', 'last.csv']] }
    case 'E_SENT_BEFORE':
      return {
        ...plain,
        more: [...(args.includes('--new-run') ? ['--new-run'] : []), '--allow-repeat'],
        isRepeated: true,
      }
    case 'E_EMPTY':
      return args.includes('-') ? { ...plain, isPiped: true } : undefined
    case 'E_NO_RUN':
      // An empty store was accepted in place of the one that knew the run.
      return args[0] === 'rollback' ? { ...plain, putBack: 'store', commands: [restored] } : undefined
    case 'E_MANIFEST':
      return args[0] === 'rollback' || dice.chance(0.5)
        ? { ...plain, putBack: 'store', commands: [restored] }
        : isNew
    case 'E_BACKUP_LATE':
      return isNew
    case 'E_OTHER_RUN':
      return { ...plain, more: ['--new-run'] }
    case 'E_KEY_CHANGED':
      return { ...plain, more: ['--accept-key-change'] }
    case 'E_PLAN':
    case 'E_PLAN_CHANGED':
    case 'E_PLAN_OPEN':
      return plan === undefined ? undefined : { ...plain, commands: [plan] }
    default:
      return undefined
  }
}
