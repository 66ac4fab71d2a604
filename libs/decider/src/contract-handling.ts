import { uuidv7 } from 'uuidv7'
import { describe, expect, test } from 'vitest'
import type { Domain } from './batch.ts'
import { systemClock } from './clock.ts'
import {
  accountKey,
  adding,
  type ContractRow,
  countAtMost,
  counterChange,
  counterOf,
  counting,
  messageCause,
  newCounter,
  requestCause,
  transferKey,
  transferring,
} from './contract-domain.ts'
import { type Contract, load, save, subjectOf } from './contract-subject.ts'
import { createHandler } from './handler.ts'
import type { Store } from './store.ts'

export function handlingContract(contract: Contract) {
  describe('under the handler', () => {
    batchTests(contract)
    processTests(contract)
    transferTests(contract)
  })
}

const handlerOf = <State, Command, Event extends { readonly type: string }, Refusal>(
  domain: Domain<State, Command, Event, Refusal, ContractRow>,
  store: Store<ContractRow>,
) => createHandler(domain, store, { clock: systemClock })

function batchTests(contract: Contract) {
  test('one bad command harms no neighbour', async ({ skip }) => {
    if (!contract.can.constraints) skip('this store has no constraints')
    const { store } = await subjectOf(contract)
    const handle = handlerOf(counting, store)
    const keys = Array.from({ length: 50 }, newCounter)
    const results = await Promise.allSettled(
      keys.map((key, index) => handle(adding(key, index === 17 ? countAtMost + 1 : 1))),
    )
    expect(results.map(({ status }) => status)).toEqual(
      keys.map((_, index) => (index === 17 ? 'rejected' : 'fulfilled')),
    )
    const { rows } = await load(store, keys)
    expect(rows.size).toBe(49)
    expect(rows.has(keys[17] as string)).toBe(false)
  })

  test('many commands on one row in one turn all count', async () => {
    const { store, history } = await subjectOf(contract)
    const handle = handlerOf(counting, store)
    const key = newCounter()
    const outcomes = await Promise.all(Array.from({ length: 150 }, () => handle(adding(key))))
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true)
    expect((await load(store, [key])).rows.get(key)).toEqual({ state: counterOf(150), version: 150 })
    expect((await history(key)).map(({ version }) => version)).toEqual(
      Array.from({ length: 150 }, (_, index) => index + 1),
    )
  })

  test('a thousand commands in one turn are all there for another process', async () => {
    const subject = await subjectOf(contract)
    const handle = handlerOf(counting, subject.store)
    const keys = Array.from({ length: 1_000 }, newCounter)
    await Promise.all(keys.map((key) => handle(adding(key))))
    const { rows } = await load(await subject.second(), keys)
    expect(rows.size).toBe(1_000)
    expect([...rows.values()].every(({ version }) => version === 1)).toBe(true)
  })

  test('a refused command leaves nothing, and its cause may come again', async () => {
    const { store } = await subjectOf(contract)
    const handle = handlerOf(counting, store)
    const key = newCounter()
    const cause = requestCause('x')
    expect(await handle(adding(key, 0, cause))).toEqual({ status: 'refused', refusal: 'nothing to add' })
    expect((await load(store, [key], [cause])).known.size).toBe(0)
    expect(await handle(adding(key, 1, cause))).toMatchObject({ status: 'accepted' })
  })
}

function processTests(contract: Contract) {
  test('fifty requests with one cause, over two processes, have one effect', async () => {
    const subject = await subjectOf(contract)
    const handles = [handlerOf(counting, subject.store), handlerOf(counting, await subject.second())]
    const cause = requestCause('of the body')
    const key = newCounter()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => handles[index % 2]?.(adding(key, 1, cause))),
    )
    expect(outcomes.filter((outcome) => outcome?.status === 'accepted')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome?.status === 'repeated')).toHaveLength(49)
    expect(outcomes.find((outcome) => outcome?.status === 'repeated')).toMatchObject({
      home: key,
      fingerprint: 'of the body',
    })
    expect((await load(subject.store, [key])).rows.get(key)).toEqual({ state: counterOf(1), version: 1 })
  })

  test('two processes that write the same rows at once lose nothing', async () => {
    const subject = await subjectOf(contract)
    const handles = [handlerOf(counting, subject.store), handlerOf(counting, await subject.second())]
    const keys = Array.from({ length: 3 }, newCounter)
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(handles.flatMap((handle) => keys.map((key) => handle(adding(key)))))
    }
    const { rows } = await load(subject.store, keys)
    for (const key of keys) expect(rows.get(key)).toEqual({ state: counterOf(40), version: 40 })
  })

  test('what was answered is there after the store was closed and opened again', async () => {
    const subject = await subjectOf(contract)
    const handle = handlerOf(counting, subject.store)
    const key = newCounter()
    const cause = messageCause()
    await handle(adding(key, 5, cause))
    await subject.store.close()
    const reopened = await subject.second()
    expect((await load(reopened, [key])).rows.get(key)).toEqual({ state: counterOf(5), version: 1 })
    expect(await handlerOf(counting, reopened)(adding(key, 5, cause))).toMatchObject({ status: 'repeated', home: key })
  })
}

function transferTests(contract: Contract) {
  test('transfers over the same accounts, made and undone by two processes at once, keep the sum', async ({ skip }) => {
    if (!contract.can.manyRows) skip('this store keeps one row to a change')
    const subject = await subjectOf(contract)
    const handles = [handlerOf(transferring, subject.store), handlerOf(transferring, await subject.second())] as const
    const run = uuidv7()
    const accounts = Array.from({ length: 4 }, (_, index) => `${run}-${index}`)
    const opened = accounts.map((id) => ({ key: accountKey(id), state: { balance: 100 }, expected: 0, version: 1 }))
    await save(subject.store, counterChange(accountKey(accounts[0] as string), { rows: opened }))
    const made: string[] = []
    for (let round = 0; round < 30; round += 1) {
      const transfer = transferKey(uuidv7())
      const [from, to] = [accounts[round % 4] as string, accounts[(round + 1 + (round % 3)) % 4] as string]
      const undo = made[round - 5]
      const [outcome] = await Promise.all([
        handles[0]({ command: { type: 'make', transfer, from, to, amount: 30 }, cause: messageCause() }),
        undo && handles[1]({ command: { type: 'undo', transfer: undo }, cause: messageCause() }),
      ])
      if (outcome.status === 'accepted') made.push(transfer)
    }
    const { rows } = await load(subject.store, accounts.map(accountKey))
    const balances = [...rows.values()].map(({ state }) => (state as { balance: number }).balance)
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(400)
    expect(made.length).toBeGreaterThan(5)
  })
}
