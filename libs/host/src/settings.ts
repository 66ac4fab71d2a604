import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** A URI or an id; what `error_description` of a challenge may quote (RFC 6750). */
const AUDIENCE = /^[!#-[\]-~]+$/

/** The environment variables that every service reads, with what they mean; for `readEnvironment`. */
export const settings = {
  HOST: z.string().default('0.0.0.0').meta({ description: 'the address to listen on' }),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .meta({ description: 'the port to listen on, such as 8080' }),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  SERVICE_VERSION: z.string().default('0.0.0').meta({ description: 'the version that telemetry shows' }),
  OIDC_ISSUERS: z
    .string()
    .transform((text) => text.split(',').map((issuer) => issuer.trim()))
    .pipe(z.array(z.url()).min(1))
    .meta({ description: 'the issuers of tokens to trust, as URLs separated by commas' }),
  OIDC_AUDIENCES: z
    .string()
    .default('api://flotilla')
    .transform((text) => text.split(',').map((audience) => audience.trim()))
    .pipe(z.array(z.string().regex(AUDIENCE, 'must be names without spaces and quotes, separated by commas')))
    .meta({
      description: 'the audiences of which a token must have one, such as api://flotilla, as names separated by commas',
    }),
  ENDUSER_KEY_FILE: z
    .string()
    .transform(secretIn)
    .meta({ description: 'a file with the key that turns callers into enduser.id, the same for all services' }),
  SERVICEBUS_NAMESPACE: z
    .string()
    .optional()
    .meta({ description: 'the fully qualified namespace in Azure, such as flotilla.servicebus.windows.net' }),
  SERVICEBUS_CONNECTION_STRING: z
    .string()
    .optional()
    .meta({ description: 'the connection string of a local broker; in Azure use SERVICEBUS_NAMESPACE' }),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url()
    .optional()
    .meta({ description: 'where telemetry goes by OTLP; nowhere if unset' }),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .meta({ description: 'the share of traces kept, 0 to 1' }),
} as const

const Settings = z.object(settings)
export type Settings = Readonly<z.output<typeof Settings>>

/** Reads a secret that is mounted as a file; an unreadable or empty one is a fault of the configuration. */
function secretIn(file: string, context: z.core.$RefinementCtx<string>): string {
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (secret !== '') return secret
    context.addIssue(`names ${file}, which is empty`)
  } catch (error) {
    context.addIssue(`names ${file}, which cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  return z.NEVER
}

/** A variable that names a file with a secret. */
export const secretFile = (description: string) => z.string().transform(secretIn).meta({ description })
