import { describe, expect, it } from 'vitest'
import { readFlags } from '../src/flags.ts'

const cluster = ['--kubeconfig', '/k', '--repository', '/r.git', '--git-url', 'http://10.0.0.1:3000/r.git']
const required = [...cluster, '--next-tag', '1.1.0']

describe('the command line', () => {
  it('needs a cluster, a repository, and other images to roll to', () => {
    expect(readFlags(required)).toMatchObject({
      kubeconfig: '/k',
      repository: '/r.git',
      tag: '1.0.0',
      nextTag: '1.1.0',
      keep: false,
    })
    expect(readFlags([...required, '--tag', '0.9.0', '--keep'])).toMatchObject({ tag: '0.9.0', keep: true })
  })

  it.each([
    [cluster, '--next-tag: give the tag of the images that are rolled to'],
    [[...cluster, '--next-tag', '1.0.0'], '--next-tag: is --tag: give the tag of other images'],
    [[...cluster, '--next-tag', 'a b'], '--next-tag: is no tag'],
    [
      ['--repository', '/r', '--git-url', 'http://x/r', '--next-tag', '2'],
      '--kubeconfig: give the file that names the cluster',
    ],
    [[...required, '--git-url', '/r.git'], '--git-url: give the URL'],
    [[...required, '--rate', '0'], '--rate: '],
    [[...required, '--tag', 'a b'], '--tag: is no tag'],
    [[...required, '--fast'], "Unknown option '--fast'"],
  ])('refuses %j and says how to mend it', (args, message) => {
    expect(() => readFlags(args)).toThrow(message)
    expect(() => readFlags(args)).toThrow('usage: npm run e2e:cluster')
  })
})
