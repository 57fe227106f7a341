import { describe, expect, it } from 'vitest'
import { createGroupCommit } from '../../../src/store/group-commit.ts'

describe('a group commit that failed', () => {
  it('is the last one: a second try that succeeds would lie about what is on disk', async () => {
    let commits = 0
    const group = createGroupCommit<number>(() => {
      commits++
      if (commits === 1) throw new Error('EIO')
    }, 8)
    await expect(group.add(1)).rejects.toThrow('EIO')
    await expect(group.add(2)).rejects.toThrow('EIO')
    expect(commits).toBe(1)
  })
})

it('a group commit resolves when the item is committed, not before', async () => {
  const events: string[] = []
  const group = createGroupCommit<number>((items) => void events.push(`committed ${items.join()}`), 8)
  await Promise.all([1, 2].map((item) => group.add(item).then(() => events.push(`resolved ${item}`))))
  expect(events).toEqual(['committed 1,2', 'resolved 1', 'resolved 2'])
})
