import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const source = fileURLToPath(new URL("./src", import.meta.url));

// `--mode design` builds the window over the mock platform into its own folder, for the browser
// tests; every other build leaves the mock out entirely.
export default defineConfig(({ mode, command }) => ({
  plugins: [svelte()],
  resolve: {
    alias: { "@": source },
    ...(mode === "test" ? { conditions: ["browser"] } : {}),
  },
  define: { __MOCK_PLATFORM__: JSON.stringify(mode === "design" || command === "serve") },
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: {
    outDir: mode === "design" ? "dist-design" : "dist",
    // WebKitGTK 2.40, WebView2 and WKWebView of macOS 13 all understand this.
    target: ["es2022", "safari16.4", "chrome110"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: { include: ["src/**/*.test.ts"], environment: "node", css: true },
}));
