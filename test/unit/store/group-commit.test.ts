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
