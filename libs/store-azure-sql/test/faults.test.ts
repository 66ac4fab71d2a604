import { Unavailable } from '@flotilla/decider/store'
import mssql from 'mssql'
import { describe, expect, it } from 'vitest'
import { Interrupted, Refused } from '../src/failure.ts'
import { failureOf, Undone } from '../src/faults.ts'

const where = '127.0.0.1/order'

/** As `mssql` makes one of what the server said while a request ran. */
const answered = (number: number, severity = 16, message = 'said the server') => {
  const info = { message, number, class: severity }
  return new mssql.RequestError(Object.assign(new Error(message), { info }), 'EREQUEST')
}

/** As `mssql` makes one of an error of tedious. */
const wrapped = (code: string, details: object = {}) =>
  new mssql.ConnectionError(Object.assign(new Error('went wrong'), { code, ...details }))

const outcome = (error: unknown, moment: 'opening' | 'running' = 'running') => {
  const failure = failureOf(error, moment, where)
  if (failure instanceof Undone)
    return `undone${failure.isTransient ? ', again' : ''}${failure.isConflict ? ', conflict' : ''}`
  return failure instanceof Interrupted ? 'unknown' : failure instanceof Refused ? `refused ${failure.number}` : 'ours'
}

describe('what the server says while a request runs', () => {
  it.each([1205, 1222, 3960, 41301, 41302, 41305, 41325, 41839])(
    '%i: somebody else was in the way, so again',
    (number) => {
      expect(outcome(answered(number))).toBe('undone, again, conflict')
    },
  )

  it.each([
    601, 615, 617, 926, 1204, 1807, 3906, 3935, 3966, 4060, 4221, 10922, 10928, 10929, 10936, 40166, 40501, 40540,
    40549, 40550, 40551, 40552, 40553, 42108, 42109, 49918, 49919, 49920,
  ])('%i: it was not done, so again', (number) => {
    expect(outcome(answered(number))).toBe('undone, again')
  })

  it.each([64, 121, 233, 10053, 10054, 10060, 40143, 40197, 40613])(
    '%i: nobody knows whether it was done',
    (number) => {
      expect(outcome(answered(number))).toBe('unknown')
    },
  )

  it.each([207, 208, 229, 230, 916, 2715, 2812])(
    '%i: a migration or a right is missing, which is no fault of what was asked',
    (number) => {
      const failure = failureOf(answered(number), 'running', where)
      expect(failure).toBeInstanceOf(Undone)
      expect(failure).toMatchObject({ isUnprepared: true, isTransient: false })
    },
  )

  it('a refusal keeps the rule, and leaves out what broke it', () => {
    const long =
      "String or binary data would be truncated in table 'orders', column 'body'. Truncated value: 'ada@example.com'."
    expect(failureOf(answered(2628, 16, long), 'running', where).message).not.toContain('ada@')
    const twice = "Violation of PRIMARY KEY constraint 'item_id'. The duplicate key value is (ada@example.com)."
    const { message } = failureOf(answered(2627, 14, twice), 'running', where)
    expect(message).toContain('item_id')
    expect(message).not.toContain('ada@')
  })

  it.each([102, 515, 547, 2601, 2627, 8134, 33557097, 50000])('%i: it is refused', (number) => {
    expect(outcome(answered(number))).toBe(`refused ${number}`)
  })

  it('trouble of its own (severity 17 and above) is no refusal', () => {
    expect(outcome(answered(9002, 17))).toBe('undone')
    expect(outcome(answered(823, 24))).toBe('unknown')
  })

  it('of several messages a transient one decides, and else the first', () => {
    const last = Object.assign(answered(3621), { precedingErrors: [answered(2627), answered(1750)] })
    expect(outcome(last)).toBe('refused 2627')
    last.precedingErrors.push(answered(1205))
    expect(outcome(last)).toBe('undone, again, conflict')
  })

  it('is found in what a commit throws', () => {
    const raw = (number: number) => Object.assign(new Error('said the server'), { code: 'EREQUEST', number, class: 16 })
    expect(outcome(new mssql.TransactionError(raw(41325) as never))).toBe('undone, again, conflict')
    const several = new AggregateError([raw(3998), raw(1205)])
    expect(outcome(new mssql.TransactionError(several as never))).toBe('undone, again, conflict')
    const aborted = new mssql.TransactionError('Transaction has been aborted.' as never, 'EABORT')
    expect(outcome(aborted)).toBe('undone')
    expect(outcome(Object.assign(aborted, { originalError: answered(547) }))).toBe('refused 547')
  })
})

describe('what has no answer of the server', () => {
  it.each(['ESOCKET', 'ECONNRESET', 'EPIPE', 'ECLOSE', 'ETIMEOUT', 'ECANCEL', 'UNKNOWN'])(
    '%s while a request runs: nobody knows whether it was done',
    (code) => expect(outcome(wrapped(code))).toBe('unknown'),
  )

  it('an error that nobody has heard of says nothing', () => {
    expect(outcome(new Error('?'))).toBe('unknown')
    expect(outcome('?')).toBe('unknown')
    expect(outcome(undefined)).toBe('unknown')
  })

  it('a connection that was lost before anything was sent is tried again', () => {
    expect(outcome(wrapped('EINVALIDSTATE'))).toBe('undone, again')
  })

  it.each(['ECONNCLOSED', 'ENOTOPEN', 'ENOTBEGUN', 'EABORT'])('%s: it was not done, and stays so', (code) => {
    expect(outcome(wrapped(code))).toBe('undone')
  })

  it('a value that cannot be written is the own mistake, and comes back as it is', () => {
    const mistake = new TypeError('Invalid string.')
    expect(failureOf(new mssql.RequestError(mistake, 'EREQUEST'), 'running', where)).toBe(mistake)
  })
})

describe('a connection that cannot be opened', () => {
  it('is tried again when that may help, and was not used for anything in any case', () => {
    expect(outcome(wrapped('ESOCKET'), 'opening')).toBe('undone, again')
    expect(outcome(wrapped('ELOGIN', { number: 40613 }), 'opening')).toBe('undone, again')
    expect(outcome(wrapped('ELOGIN', { number: 4060 }), 'opening')).toBe('undone, again')
  })

  it('is not when the login is refused, no token is to be had, the time was over or the pool is exhausted', () => {
    expect(outcome(wrapped('ELOGIN', { number: 18456 }), 'opening')).toBe('undone')
    expect(outcome(wrapped('ELOGIN'), 'opening')).toBe('undone')
    expect(outcome(wrapped('ETIMEOUT'), 'opening')).toBe('undone')
    const timeout = new Error('Failed to acquire a connection from the pool: operation timed out for an unknown reason')
    expect(outcome(timeout, 'opening')).toBe('undone')
    expect(outcome(wrapped('ENOTOPEN'), 'opening')).toBe('undone')
  })

  it('is Unavailable, and says where and why', () => {
    const noToken = new AggregateError([
      Object.assign(new Error('Security token could not be authenticated or authorized.'), { code: 'EFEDAUTH' }),
      new Error('WorkloadIdentityCredential: no federated token file.'),
    ])
    const failure = failureOf(new mssql.ConnectionError(noToken as never), 'opening', where)
    expect(failure).toBeInstanceOf(Unavailable)
    expect(failure.message).toBe(
      'SQL Server 127.0.0.1/order is not available: Security token could not be authenticated or authorized.: ' +
        'WorkloadIdentityCredential: no federated token file.',
    )
    expect(outcome(new mssql.ConnectionError(noToken as never), 'opening')).toBe('undone')
  })
})
