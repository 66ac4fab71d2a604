import { expect, it } from 'vitest'
import { environmentProblems } from '../src/environment.ts'
import type { Manifest } from '../src/helm.ts'

const workload = (kind: string, env: Record<string, string>, args = ['/app/main.js']): Manifest => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'order' },
  spec: {
    template: { spec: { containers: [{ args, env: Object.entries(env).map(([name, value]) => ({ name, value })) }] } },
  },
})
const env = {
  OIDC_ISSUERS: 'http://identity',
  ENDUSER_KEY_FILE: '/mnt/secrets/enduser-key',
  SERVICEBUS_NAMESPACE: 'flotilla.servicebus.windows.net',
  DATABASE_FILE: '/data/order.db',
}

it('a service starts with the environment that its chart gives it', () => {
  expect(environmentProblems('order', [workload('Deployment', env)])).toEqual([])
})

it('a setting that is missing is found', () => {
  const { DATABASE_FILE: _none, ...rest } = env
  expect(environmentProblems('order', [workload('Deployment', rest)])).toEqual([
    expect.stringContaining('set exactly one of DATABASE_CONNECTION_STRING'),
  ])
})

it('a setting that the service does not have is found', () => {
  expect(environmentProblems('order', [workload('Deployment', { ...env, ORDER_DEADLINE: '600' })])).toEqual([
    'Deployment order: nobody reads ORDER_DEADLINE',
  ])
})

it('the job is given what a migration takes', () => {
  const job = (args: string[]) => workload('Job', { DATABASE_FILE: '/data/order.db' }, ['/app/migrate.js', ...args])
  expect(environmentProblems('order', [job(['order', '--after-rollback'])])).toEqual([])
  expect(environmentProblems('order', [job([])])).toEqual([expect.stringContaining('whose database?')])
})
