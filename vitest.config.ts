import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** Tests named `*.mysql.test.ts` run once per server; `*.github.test.ts` need the emulator; others Node only. */
const servers = ['mysql-9.7', 'mariadb-10.11'] as const

/** Folders of tests that are about one server family only. */
const OTHERS = { 'mysql-9.7': 'test/*/mariadb/**', 'mariadb-10.11': 'test/*/mysql/**' } as const

const SETUP = ['test/support/property-seed.ts']

/** What is waited for comes soon, but not on a machine that has other work: vitest's own limit is one second. */
const PATIENT = { poll: { timeout: 30_000 } } as const

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          setupFiles: SETUP,
          include: ['test/**/*.test.ts'],
          exclude: ['**/*.mysql.test.ts', '**/*.github.test.ts'],
          // Property tests take some seconds on a machine that has other work.
          testTimeout: 30_000,
        },
      },
      ...servers.map(
        (server): TestProjectInlineConfiguration => ({
          test: {
            name: server,
            setupFiles: SETUP,
            include: ['test/**/*.mysql.test.ts'],
            exclude: [OTHERS[server]],
            globalSetup: ['test/support/start-server.ts'],
            provide: { server },
            expect: PATIENT,
            testTimeout: 60_000,
            hookTimeout: 60_000,
          },
        }),
      ),
      {
        test: {
          name: 'github',
          setupFiles: SETUP,
          include: ['test/**/*.github.test.ts'],
          globalSetup: ['test/support/start-server.ts'],
          provide: { server: 'mysql-9.7' },
          expect: PATIENT,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
