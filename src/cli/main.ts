#!/usr/bin/env node
import { createInterface } from 'node:readline'
import { systemClock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import { keepMemorySmall } from '../memory.ts'
import { keepCompiled } from './compile-cache.ts'
import type { CommandIo } from './io.ts'

const HELP = `crossfade - schema changes for MySQL and MariaDB without blocking the application

Usage: crossfade COMMAND [options]

Commands:
  migrate   change tables of a live database: copy, keep in sync, swap, revert
  janitor   drop the tables that deployments have left, when their time is over
  diff      print the DDL that turns one schema into another
  lint      say what is dangerous about a schema, or a change of it
  plan      say what deploying a schema would mean: time, disk, order, rows in the way

crossfade COMMAND --help explains a command and its exit status.
`

type Run = (args: readonly string[], io: CommandIo) => Promise<number>

type Command = {
  /** A command's files are read when it is called: to be told how to call one, nobody should wait for the engine. */
  readonly load: () => Promise<Run>
  /** The exit status when something failed that is not the user's input. */
  readonly failed: number
}

const COMMANDS: Readonly<Record<string, Command>> = {
  migrate: { load: async () => (await import('./migrate.ts')).migrateCommand, failed: 1 },
  janitor: { load: async () => (await import('./janitor.ts')).janitorCommand, failed: 1 },
  diff: { load: async () => (await import('./diff.ts')).diffCommand, failed: 2 },
  lint: { load: async () => (await import('./lint.ts')).lintCommand, failed: 2 },
  plan: { load: async () => (await import('./plan.ts')).planCommand, failed: 2 },
}

const USAGE = 2

/** Picks the command, prints what it refuses, and returns the exit status. */
export async function main(args: readonly string[], io: CommandIo): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(HELP)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    io.err(`COMMAND_UNKNOWN: There is no command ${name}.\n  Run crossfade --help`)
    return USAGE
  }
  try {
    const run = await command.load()
    return await run(rest, io)
  } catch (error) {
    return report(error, { io, json: rest.includes('--json'), failed: command.failed })
  }
}

function report(
  error: unknown,
  { io, json, failed }: { readonly io: CommandIo; readonly json: boolean; readonly failed: number },
): number {
  const known = error instanceof Refusal
  const code = known ? error.code : 'INTERNAL'
  const message = known ? error.message : String(error)
  const next = known ? error.next : 'Report this as a defect of Crossfade.'
  const at = systemClock.now().toISOString()
  if (json) io.out(JSON.stringify({ event: 'failed', at, code, message, next }))
  else io.err(`${code}: ${message}\n  ${next}`)
  if (!known && error instanceof Error) io.err(error.stack ?? '')
  return known && (code === 'INPUT_INVALID' || code === 'BAD_URL') ? USAGE : failed
}

/** As a program that is ended by SIGPIPE. */
const NOBODY_READS = 141

if (import.meta.main) {
  keepMemorySmall()
  keepCompiled()
  // Whoever reads the output may have seen enough, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(NOBODY_READS)
  })
  const lines = createInterface({ input: process.stdin, terminal: false })
  process.exitCode = await main(process.argv.slice(2), {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    lines,
    onInterrupt: (handler) => void process.on('SIGINT', handler),
    env: process.env,
  })
  lines.close()
  process.stdin.unref?.()
}
