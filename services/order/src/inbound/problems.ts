import { Problem } from '@flotilla/host/problem'
import { requestsShed } from '@flotilla/telemetry/metrics'
import type { OrderRefusal } from '../domain/order.ts'

/** A refusal as the client is told it: which part of its request stands in the way. */
export function problemOf(refusal: OrderRefusal): Problem {
  switch (refusal.code) {
    case 'unknown-sku':
      return lineProblem(422, refusal, 'sku', 'is not in the catalogue: GET /api/v1/stock lists what is')
    case 'repeated-sku':
      return lineProblem(422, refusal, 'sku', 'occurs in an earlier line: add the quantities up')
    case 'mixed-currencies': {
      const [first, other] = refusal.currencies
      return lineProblem(422, refusal, 'sku', `is sold in ${other}, the lines before in ${first}: place two orders`)
    }
    case 'total-too-large': {
      const detail = 'The total is beyond what can be counted exactly: order less.'
      return new Problem(refusal.code, { status: 422, detail, errors: [{ pointer: '#/lines', detail }] })
    }
    case 'price-changed': {
      const { total, currency } = refusal
      const detail = `the total is ${total} ${currency} now: send that, or leave expectedTotal out`
      const errors = [{ pointer: '#/expectedTotal', detail }]
      return new Problem(refusal.code, { status: 409, detail, errors, extensions: { total, currency } })
    }
    case 'already-confirmed':
      return new Problem(refusal.code, {
        status: 409,
        detail: 'The order is confirmed and can no longer be cancelled.',
      })
    case 'unknown-order':
    case 'already-placed':
    case 'contradiction':
      throw new Error(`no request can be refused as ${refusal.code}`)
  }
}

/** 503: what was placed before waits so long that this order would miss its deadline. Reading and cancelling go on. */
export function late(): Problem {
  requestsShed.add(1, { reason: 'backlog' })
  return new Problem('overloaded', {
    status: 503,
    title: 'Too much to do',
    detail: 'Orders wait too long to be completed in time. Try again in 30 s; nothing was stored.',
    headers: { 'retry-after': '30' },
  })
}

function lineProblem(status: number, { code, line }: { code: string; line: number }, field: string, detail: string) {
  return new Problem(code, { status, detail, errors: [{ pointer: `#/lines/${line}/${field}`, detail }] })
}
