import { defineConfig } from 'vitest/config'

const conditions = ['@posthouse/source', 'node', 'import', 'default']

export default defineConfig({
  // Workspace packages resolve to their sources, so tests never run against a stale build.
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/{src,test}/**/*.test.ts', '.ci/*.test.ts'],
  },
})
