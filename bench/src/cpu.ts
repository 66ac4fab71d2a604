import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Ticks of a second in /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** CPU time that a process has used, user and system, in microseconds. Linux only. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may have spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / ticks) * 1e6
}

/** CPU of several processes together while `run` runs, in microseconds. */
export async function cpuDuring<T>(
  pids: readonly number[],
  run: () => Promise<T>,
): Promise<{ result: T; cpu: number }> {
  const sum = () => pids.reduce((total, pid) => total + cpuOf(pid), 0)
  const before = sum()
  const result = await run()
  return { result, cpu: sum() - before }
}
