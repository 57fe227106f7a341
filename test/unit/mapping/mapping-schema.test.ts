import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { mappingSchema } from '../../../src/mapping/mapping-schema.ts'

const published = join(import.meta.dirname, '..', '..', '..', 'src', 'mapping', 'mapping.schema.json')

describe('the published JSON Schema of mapping files', () => {
  it('is the one that files are checked against; vitest -u writes it anew', async () => {
    await expect(
      `${JSON.stringify(z.toJSONSchema(mappingSchema, { io: 'input' }), null, 2)}\n`,
    ).toMatchFileSnapshot(published)
  })
})
