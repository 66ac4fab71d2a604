import { describe, expect, it } from 'vitest'
import { databases, given, id } from './books.ts'

const keys = [`reservation:${id}`, 'item:TEA']

describe('P2 at every moment', () => {
  function stocked() {
    const it = given()
    it.receipt(10)
    it.item('TEA', [10, 10, 0, 0])
    it.commit('inventory', `receipt:${id}`, 'item:TEA')
    it.reservation('held', 3)
    it.item('TEA', [10, 7, 3, 0])
    it.commit('inventory', ...keys)
    return it
  }

  it('holds from the receipt to the sale, and from the reservation to its release', () => {
    const sold = stocked()
    sold.reservation('sold', 3)
    sold.item('TEA', [10, 7, 0, 3])
    sold.pay(500)
    sold.order('confirmed')
    sold.commit('inventory', ...keys)
    expect(sold.broken()).toEqual([])
    const released = stocked()
    released.reservation('released', 3)
    released.item('TEA', [10, 10, 0, 0])
    released.order('cancelled')
    released.commit('inventory', ...keys)
    expect(released.broken()).toEqual([])
  })

  it.each([
    ['is lost', [10, 6, 3, 0], 'received 10 is not available 6 + reserved 3 + sold 0'],
    ['is below zero', [10, -1, 3, 8], 'is below zero'],
    ['is received twice', [20, 17, 3, 0], 'received is 20, but what is received adds up to 10'],
    ['is reserved twice', [10, 4, 6, 0], 'reserved is 6, but what is reserved adds up to 3'],
    ['is sold, and stays reserved', [10, 4, 3, 3], 'sold is 3, but what is sold adds up to 0'],
  ] as const)('is broken when stock %s', (_what, item, what) => {
    const it = stocked()
    it.item('TEA', [...item])
    it.commit('inventory', 'item:TEA')
    expect(it.broken()).toEqual([`P2 ${what}`])
  })

  it('is broken when a reservation changes and its item does not', () => {
    const it = stocked()
    it.reservation('held', 4)
    it.commit('inventory', `reservation:${id}`)
    expect(it.broken()).toEqual(['P2 reserved is 3, but what is reserved adds up to 4'])
  })

  it('is broken when an item is gone', () => {
    const it = stocked()
    databases.inventory.database.exec('DELETE FROM item')
    it.commit('inventory', 'item:TEA')
    expect(it.broken()).toEqual(['P2 is not there any more'])
  })

  it.each([
    ['sold', 'reserved', [10, 7, 0, 3]],
    ['released', 'confirmed', [10, 10, 0, 0]],
  ] as const)('is broken when stock is %s for an order that is %s', (status, order, item) => {
    const it = stocked()
    it.pay(500)
    it.order(order)
    it.reservation(status, 3)
    it.item('TEA', [...item])
    it.commit('inventory', ...keys)
    expect(it.broken()).toEqual([`P2 is ${order}, and its stock is ${status}`])
  })
})
