import { describe, expect, it } from 'vitest'
import { createGroupCommit } from '../../../../src/store/sqlite/group-commit.ts'

describe('a group commit that failed', () => {
  it('is the last one: a second try that succeeds would lie about what is on disk', async () => {
    let commits = 0
    const group = createGroupCommit<number>(async () => {
      commits++
      if (commits === 1) throw new Error('EIO')
    }, 8)
    await expect(group.add(1)).rejects.toThrow('EIO')
    await expect(group.add(2)).rejects.toThrow('EIO')
    expect(commits).toBe(1)
  })
})

describe('a group commit', () => {
  it('resolves when the item is committed, not before', async () => {
    const events: string[] = []
    const group = createGroupCommit<number>(async (items) => {
      await Promise.resolve()
      events.push(`committed ${items.join()}`)
    }, 8)
    await Promise.all([1, 2].map((item) => group.add(item).then(() => events.push(`resolved ${item}`))))
    expect(events).toEqual(['committed 1,2', 'resolved 1', 'resolved 2'])
  })

  it('commits one group after another, in the order in which their items were added', async () => {
    const events: string[] = []
    const first = Promise.withResolvers<void>()
    const group = createGroupCommit<number>(async (items) => {
      events.push(`began ${items.join()}`)
      if (items.includes(1)) await first.promise
      events.push(`ended ${items.join()}`)
    }, 8)
    const added = [group.add(1)]
    const flushed = group.flush()
    added.push(group.add(2), group.add(3))
    const allFlushed = group.flush()
    first.resolve()
    await Promise.all([...added, flushed, allFlushed])
    expect(events).toEqual(['began 1', 'ended 1', 'began 2,3', 'ended 2,3'])
  })
})
