import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { found, kustomize, provide } from '../src/tools.ts'

let cache: string
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'flotilla-tools-'))
})
afterEach(() => rmSync(cache, { recursive: true }))

function put(folder: string, mode: number): string {
  const file = join(cache, folder, 'kustomize')
  mkdirSync(join(cache, folder), { recursive: true })
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, mode)
  return file
}

test('a tool on the PATH is taken before one in the cache', () => {
  put('kustomize-v5.8.1', 0o755)
  const onPath = put('bin', 0o755)
  expect(found(kustomize, { environment: { PATH: join(cache, 'bin') }, cache })).toBe(onPath)
})

test('a tool in the cache is taken, of its version only', async () => {
  put('kustomize-v5.0.0', 0o755)
  const cached = put('kustomize-v5.8.1', 0o755)
  expect(await provide(kustomize, { environment: {}, cache })).toBe(cached)
})

test('a file that cannot be run is no tool', () => {
  put('bin', 0o644)
  expect(found(kustomize, { environment: { PATH: join(cache, 'bin') }, cache })).toBeUndefined()
})

test('without the tool and without Go it says what to install', async () => {
  await expect(provide(kustomize, { environment: { PATH: cache }, cache })).rejects.toThrow(
    'there is no kustomize: put it on the PATH, or Go, which builds sigs.k8s.io/kustomize/kustomize/v5@v5.8.1',
  )
})
