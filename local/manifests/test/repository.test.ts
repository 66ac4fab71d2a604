import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { textOf } from '../src/finding.ts'
import { kustomizeBuild } from '../src/fleet.ts'
import { found, kustomize } from '../src/tools.ts'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'flotilla')
const binary = found(kustomize, { environment: process.env, cache })

// `npm run manifests` asks the same, and gets kustomize if there is none.
test.skipIf(binary === undefined)('deploy/flux keeps every rule', { timeout: 120_000 }, async () => {
  const findings = await check(resolve(import.meta.dirname, '../../..'), kustomizeBuild(binary ?? ''))
  expect(findings.map(textOf)).toEqual([])
})
