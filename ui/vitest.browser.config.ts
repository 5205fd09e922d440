import { defineConfig } from "vitest/config";

// The browser tests drive Chromium from Node over the design build; see tests/browser/stage.ts.
export default defineConfig({
  test: {
    include: ["tests/browser/**/*.test.ts"],
    environment: "node",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
