import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Logger } from '@flotilla/telemetry/log'
import { ConfigError } from './environment.ts'

export interface Secret {
  value(): string
  close(): void
}

/** How often a mounted file is looked at, in milliseconds: the Secrets Store CSI driver swaps it by a symbolic link. */
const lookEvery = 5_000

/**
 * A secret that is mounted as a file and may change while the process runs. Throws `ConfigError` when it cannot be read at
 * the start; later the old one stays until a good new one is there.
 */
export function watchedSecret(variable: string, file: string, logger: Logger): Secret {
  let secret = ''
  const read = () => {
    const found = readFileSync(file, 'utf8').trim()
    if (found === '') throw new Error('the file is empty')
    secret = found
  }
  try {
    read()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError([`${variable} names ${file}, which holds no secret: ${reason}`])
  }
  const look = () => {
    try {
      read()
      logger.info({ variable }, 'a secret was read again')
    } catch (error) {
      logger.warn({ variable, err: error }, 'a secret changed but cannot be read; the old one stays')
    }
  }
  watchFile(file, { interval: lookEvery, persistent: false }, look)
  return { value: () => secret, close: () => unwatchFile(file, look) }
}
