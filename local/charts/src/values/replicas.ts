import { z } from 'zod'
import { resources, size, uuid } from './kinds.ts'

/** Seconds within which whatever a release waits for has ended, so that Flux, which gives it 10 minutes, does not end it first. */
export const longest = 540

const count = z.int().min(1).max(100)

const autoscaling = z.strictObject({
  by: z.enum(['keda', 'hpa', 'none']).default('keda').meta({
    description: '`keda`: by CPU and queues; `hpa`: by CPU, where there is no KEDA; `none`: `replicas` it is',
  }),
  minReplicas: count.default(2).meta({ description: 'replicas at least' }),
  maxReplicas: count.default(10).meta({ description: 'replicas at most, within `database.maxConnections`' }),
  cpu: z
    .int()
    .min(10)
    .max(100)
    .default(70)
    .meta({ description: 'percent of the requested CPU that replicas use on average' }),
  queueDepth: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .meta({ description: 'with KEDA: messages that wait in one subscription, for each replica' }),
  identityId: uuid
    .default('')
    .meta({ description: "with KEDA: client id that reads the queues; empty: the operator's own" }),
})

/** How many replicas there are, what each has, and how they come and go. */
export const replicas = {
  replicas: count.default(2).meta({ description: 'replicas, when nothing scales them' }),
  autoscaling,
  resources: resources({ cpu: '250m', memory: '192Mi', memoryLimit: '512Mi' }),
  tmpSize: size
    .default('64Mi')
    .meta({ description: 'room in `/tmp`, the only folder of a container that is written to' }),
  progressDeadlineSeconds: z.int().min(60).max(longest).default(480).meta({
    description: 'when a rollout without progress has failed; a node that must be added first takes minutes',
  }),
  preStopSeconds: z.int().min(1).max(120).default(15).meta({
    description: 'from the end of a pod until its SIGTERM, so that nobody sends to it any more; then it has 30 s',
  }),
  spread: z.strictObject({
    zones: z
      .enum(['ScheduleAnyway', 'DoNotSchedule'])
      .default('ScheduleAnyway')
      .meta({ description: 'when zones would differ by more than one replica' }),
    nodes: z
      .enum(['ScheduleAnyway', 'DoNotSchedule'])
      .default('ScheduleAnyway')
      .meta({ description: 'when nodes would differ by more than one replica' }),
  }),
}
