import { z } from 'zod'
import { image, optionalName, resources, size } from './kinds.ts'
import { dns } from './network.ts'

/** The values of the stand-ins' chart. */
export const standInsValues = z.strictObject({
  image: image('stand-ins'),
  resources: resources({ cpu: '100m', memory: '128Mi', memoryLimit: '512Mi' }),
  tmpSize: size.default('64Mi').meta({ description: 'room in `/tmp`' }),
  persistence: z.strictObject({
    claim: optionalName
      .default('')
      .meta({ description: 'an existing PersistentVolumeClaim for what is kept; empty: one is made' }),
    size: size.default('2Gi').meta({ description: 'how large the claim is that is made' }),
    storageClass: optionalName.default('').meta({ description: 'its class; empty: the default of the cluster' }),
    accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']).default('ReadWriteOnce').meta({
      description: 'its access mode, also of one that exists; with `ReadWriteOnce` all stand-ins are held on one node',
    }),
  }),
  gateway: z.strictObject({
    replicas: z.int().min(1).max(10).default(2).meta({ description: 'replicas of the gateway' }),
    rateLimit: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .default(1_000_000)
      .meta({ description: 'requests a minute for one token' }),
    nodePort: z
      .union([z.literal(0), z.int().min(30_000).max(32_767)])
      .default(0)
      .meta({ description: 'the port of every node where clients outside find it; 0: none' }),
  }),
  network: z.strictObject({ dns }),
})
