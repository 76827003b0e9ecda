import type { TestProject } from 'vitest/node'
import { startThrowaway } from '../../src/mysql/throwaway.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server of this project, as in vitest.config.ts. */
    server: string
    serverUrl: string
  }
}

/** One throwaway server per test project; it ends with the project. */
export async function setup(project: TestProject) {
  const flavour = project.getProvidedContext().server.startsWith('mariadb') ? 'mariadb' : 'mysql'
  const server = await startThrowaway(flavour, { env: process.env, args: ['--event-scheduler=ON'] })
  project.provide('serverUrl', server.url())
  return () => server.stop()
}
