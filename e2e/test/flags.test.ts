import { describe, expect, it } from 'vitest'
import { readFlags } from '../src/flags.ts'

const required = ['--kubeconfig', '/k', '--repository', '/r.git', '--git-url', 'http://10.0.0.1:3000/r.git']

describe('the command line', () => {
  it('needs a cluster and a repository, and rolls the same images without another tag', () => {
    expect(readFlags(required)).toMatchObject({
      kubeconfig: '/k',
      repository: '/r.git',
      tag: '1.0.0',
      nextTag: '1.0.0',
      keep: false,
    })
    expect(readFlags([...required, '--next-tag', '1.1.0', '--keep'])).toMatchObject({ nextTag: '1.1.0', keep: true })
  })

  it.each([
    [['--repository', '/r', '--git-url', 'http://x/r'], '--kubeconfig: give the file that names the cluster'],
    [[...required, '--git-url', '/r.git'], '--git-url: give the URL'],
    [[...required, '--rate', '0'], '--rate: '],
    [[...required, '--tag', 'a b'], '--tag: is no tag'],
    [[...required, '--fast'], "Unknown option '--fast'"],
  ])('refuses %j and says how to mend it', (args, message) => {
    expect(() => readFlags(args)).toThrow(message)
    expect(() => readFlags(args)).toThrow('usage: npm run e2e:cluster')
  })
})
