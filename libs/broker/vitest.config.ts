import { defineConfig } from 'vitest/config'

// Real sockets on machines that are busy with other packages' tests.
export default defineConfig({ test: { testTimeout: 20_000, hookTimeout: 20_000 } })
