import { Unreadable } from '@flotilla/contracts/envelope'
import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it } from 'vitest'
import { BrokerUnavailable, DeadLetter } from '../src/broker.ts'
import { faultOf } from '../src/fault.ts'

describe('whose fault it is', () => {
  it("is a dependency's when it is away, however deep the cause", () => {
    const named = Object.assign(new Error('card'), { name: 'DependencyUnavailable' })
    for (const error of [new Unavailable('x'), new BrokerUnavailable('x'), named, new Error('y', { cause: named })]) {
      expect(faultOf(error)).toEqual({ kind: 'dependency' })
    }
  })

  it('is beyond mending when the listener or the contract says so', () => {
    expect(faultOf(new DeadLetter('Refused', 'why'))).toEqual({
      kind: 'hopeless',
      reason: 'Refused',
      description: 'why',
    })
    expect(faultOf(new Unreadable('NotJson', 'why'))).toEqual({
      kind: 'hopeless',
      reason: 'NotJson',
      description: 'why',
    })
  })

  it("is the message's otherwise, whatever was thrown", () => {
    const circular = new Error('round')
    circular.cause = circular
    for (const error of [new TypeError('x'), 'text', undefined, circular])
      expect(faultOf(error)).toEqual({ kind: 'message' })
  })
})
