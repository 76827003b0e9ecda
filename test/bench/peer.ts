import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'

export type PeerName = 'gh-ost' | 'pt-online-schema-change'

/** Another tool that changes tables online; it runs on the same server and table, in the same run. */
export type Peer = { readonly name: PeerName; readonly path: string }

/** What the benchmark changes, for tools that take it without `ALTER TABLE sbtest`. */
export const CHANGE = 'MODIFY pad CHAR(65) NOT NULL'

/** @throws when the file is not there or may not be run. */
export async function findPeer(name: PeerName, path: string): Promise<Peer> {
  try {
    await access(path, constants.X_OK)
  } catch (error) {
    throw new Error(`${path} is no program that can be run as ${name}.`, { cause: error })
  }
  return { name, path }
}

/** The arguments that each is run with: as its own documentation says for a server without replicas. */
export function peerArguments({ name }: Peer, server: ThrowawayServer, schema: string): string[] {
  if (name === 'gh-ost') {
    return [
      '--host=127.0.0.1',
      `--port=${server.port}`,
      '--user=root',
      `--database=${schema}`,
      '--table=sbtest',
      `--alter=${CHANGE}`,
      '--allow-on-master',
      '--initially-drop-ghost-table',
      '--initially-drop-old-table',
      '--ok-to-drop-table',
      '--chunk-size=1000',
      '--execute',
    ]
  }
  return [
    `--alter=${CHANGE}`,
    '--execute',
    '--no-version-check',
    '--recursion-method=none',
    '--alter-foreign-keys-method=none',
    // Else it asks whether that is meant, and waits for an answer; the table has no foreign keys.
    '--force',
    `h=127.0.0.1,P=${server.port},u=root,D=${schema},t=sbtest`,
  ]
}

/** Runs the peer from start to end without a shell; returns for how many seconds, or why it failed. */
export async function runPeer(
  peer: Peer,
  server: ThrowawayServer,
  schema: string,
): Promise<{ readonly seconds: number } | { readonly failure: string }> {
  const begunAt = performance.now()
  const child = spawn(peer.path, peerArguments(peer, server, schema), {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const hear = (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-2_000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (status, signal) => resolve(status ?? signal ?? 'no status'))
  })
  if (code === 0) return { seconds: (performance.now() - begunAt) / 1000 }
  const lines = said.trim().split('\n')
  return { failure: `ended with ${code}: ${lines.at(-1) ?? 'no word'}` }
}
