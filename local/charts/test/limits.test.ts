import { readFileSync } from 'node:fs'
import { lockTimeoutByDefault, statementTimeout } from '@flotilla/store-azure-sql/migrations'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { serviceValues } from '../src/values/service.ts'

const Component = z.object({ patches: z.tuple([z.object({ patch: z.string() })]) })
const Release = z.object({ spec: z.object({ timeout: z.string().regex(/^\d+m$/) }) })

/** How long Flux waits for each step of a release, in seconds. */
function releaseTimeout(): number {
  const file = new URL('../../../deploy/flux/apps/components/release/kustomization.yaml', import.meta.url)
  const [{ patch }] = Component.parse(parse(readFileSync(file, 'utf8'))).patches
  return Number.parseInt(Release.parse(parse(patch)).spec.timeout, 10) * 60
}

const { migration, progressDeadlineSeconds } = serviceValues.order.shape
const { deadlineSeconds } = migration.shape

it('a job has time for a migration that waits for its lock, and Flux waits for the job', () => {
  const attempt = (lockTimeoutByDefault + statementTimeout) / 1000
  expect(lockTimeoutByDefault).toBeLessThan(statementTimeout)
  expect(attempt).toBeLessThan(deadlineSeconds.parse(undefined))
  expect(deadlineSeconds.safeParse(releaseTimeout() - 60).success).toBe(true)
  expect(deadlineSeconds.safeParse(releaseTimeout()).success).toBe(false)
})

it('a rollout fails before Flux gives up waiting for it', () => {
  expect(progressDeadlineSeconds.safeParse(releaseTimeout()).success).toBe(false)
})
