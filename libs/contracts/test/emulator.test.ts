import { describe, expect, it } from 'vitest'
import { emulatorConfig, microsoftEmulator } from '../src/emulator.ts'

/** https://learn.microsoft.com/azure/service-bus-messaging/overview-emulator#usage-quotas, and the schema of its configuration. */
const seconds = { lockDuration: [5, 300], timeToLive: [300, 3600], duplicateWindow: [5, 300] } as const
const name = /^[A-Za-z0-9]$|^[A-Za-z0-9][\w\-./]*[A-Za-z0-9]$/

function inSeconds(duration: string): number {
  const [, hours = 0, minutes = 0, rest = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(duration) ?? [
    undefined,
    Number.NaN,
  ]
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)
}

function within(duration: string, [least, most]: readonly [number, number]) {
  expect(inSeconds(duration), duration).toBeGreaterThanOrEqual(least)
  expect(inSeconds(duration), duration).toBeLessThanOrEqual(most)
}

describe("the topology, for Microsoft's emulator", () => {
  const { UserConfig } = emulatorConfig(microsoftEmulator)
  const [namespace, ...others] = UserConfig.Namespaces
  const topics = namespace?.Topics ?? []
  const subscriptions = topics.flatMap(({ Subscriptions }) => Subscriptions)

  it('has its one namespace, and no more entities than it takes', () => {
    expect([namespace?.Name, others]).toEqual(['sbemulatorns', []])
    expect(topics.length).toBeLessThanOrEqual(50)
    for (const { Subscriptions } of topics) {
      expect(Subscriptions.length).toBeGreaterThan(0)
      expect(Subscriptions.length).toBeLessThanOrEqual(50)
      expect(Subscriptions.flatMap(({ Rules }) => Rules).length).toBeLessThanOrEqual(1000)
    }
  })
  it('keeps to its names', () => {
    const rules = subscriptions.flatMap(({ Rules }) => Rules)
    const names = [...topics, ...subscriptions, ...rules].map((entity) => entity.Name)
    expect(names.filter((each) => !name.test(each))).toEqual([])
  })
  it('keeps to its times and counts', () => {
    for (const { Properties } of topics) {
      within(Properties.DefaultMessageTimeToLive, seconds.timeToLive)
      within(Properties.DuplicateDetectionHistoryTimeWindow, seconds.duplicateWindow)
    }
    for (const { Properties } of subscriptions) {
      within(Properties.DefaultMessageTimeToLive, seconds.timeToLive)
      within(Properties.LockDuration, seconds.lockDuration)
      expect(Properties.MaxDeliveryCount).toBeLessThanOrEqual(10)
    }
  })
  it('is the same as for the stand-in, but for the namespace and the time to live', () => {
    const text = (options?: Parameters<typeof emulatorConfig>[0]) => JSON.stringify(emulatorConfig(options))
    expect(text(microsoftEmulator).replaceAll('PT1H', 'P14D').replace('sbemulatorns', 'flotilla')).toBe(text())
  })
})
