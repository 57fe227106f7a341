/** fast-check with a fixed seed, because no change may land or fail by luck. `PROPERTY_SEED=7 npx vitest run test/unit` looks elsewhere. */
import { configureGlobal } from 'fast-check'

configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) })

export * from 'fast-check'
