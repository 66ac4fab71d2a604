import { Unavailable } from '@flotilla/decider/store'
import { expect, it } from 'vitest'
import { NotTaken } from '../src/outbound/mail.ts'
import { mailWorker } from '../src/outbound/mail-work.ts'

const letter = { messageId: 'm@x', subject: 's', text: 't' }
const mail = { orderId: 'o', to: 'ada@example.com', letter }

/** A worker whose mail server fails in these ways, one attempt after the other. */
async function repeatsCounted(...failures: Error[]) {
  let repeats = 0
  const work = mailWorker({
    clock: { now: () => 1, after: () => () => {}, defer: (run) => run(), random: () => 0 },
    onRepeat: () => {
      repeats += 1
    },
    mailer: async () => {
      const failure = failures.shift()
      if (failure) throw failure
      return { sent: true }
    },
  })
  for (let attempts = 0; ; attempts += 1) {
    try {
      await work(mail, attempts)
      return repeats
    } catch (error) {
      if (!(error instanceof Error)) throw error
    }
  }
}

it('P4: a mail whose answer was lost is counted when it is handed over again', async () => {
  expect(await repeatsCounted(new Unavailable('no answer'))).toBe(1)
})

it('P4: a mail that the server surely has not taken is no second copy', async () => {
  const refused = Object.assign(new Error('the breaker is open'), { reason: 'refused' })
  expect(await repeatsCounted(new NotTaken('451'), refused, new Unavailable('x', { cause: new NotTaken('y') }))).toBe(0)
})
