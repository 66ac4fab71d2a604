import { expect, it } from 'vitest'
import { startOrdering } from './ordering.ts'

it('the committed API document is that of the code (vitest run -u writes it anew)', async () => {
  const { ask } = await startOrdering()
  const { body } = await ask('GET /openapi.json')
  await expect(`${JSON.stringify(body, null, 2)}\n`).toMatchFileSnapshot('../openapi.json')
})
