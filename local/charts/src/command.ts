import { execFile } from 'node:child_process'

/** A program that has ended. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Runs a program to its end. Throws only when it cannot be started. */
export function run(file: string, args: readonly string[], { cwd, environment }: CommandOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: environment, maxBuffer: 256 * 1024 * 1024 }
    execFile(file, [...args], options, (error, out, err) => {
      if (error === null) resolve({ code: 0, out, err })
      else if (typeof error.code === 'number') resolve({ code: error.code, out, err })
      else reject(new Error(`${file} cannot be run: ${error.message}`, { cause: error }))
    })
  })
}

/** The output of a program that must succeed. */
export async function outputOf(file: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const { code, out, err } = await run(file, args, options)
  if (code === 0) return out
  throw new Error(`${file} ${args.join(' ')} failed (exit code ${code}):\n${(err || out).trim()}`)
}
