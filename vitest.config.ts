import { defineConfig } from 'vitest/config'

const conditions = ['@posthouse/source', 'node', 'import', 'default']

export default defineConfig({
  // Workspace packages resolve to their sources, so tests never run against a stale build.
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/{src,test}/**/*.test.ts', '.ci/*.test.ts'],
    // Tests of apps wait for processes, on machines that do other things, too.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
  },
})
