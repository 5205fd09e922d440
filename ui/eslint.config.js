// Lint rules of the window. The boundary rules hold the architecture: features do not know each
// other, components know no feature, and only `platform/` may touch the shell.
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const shell = {
  group: ["@tauri-apps/*"],
  message: "Only src/platform talks to the shell; go through the api client.",
};
const features = {
  group: ["@/features/**", "../*"],
  message: "Features do not import each other; share through components or state.",
};
const upwards = {
  group: ["@/features/**"],
  message: "What features are made of does not know the features.",
};

export default ts.config(
  { ignores: ["dist/", "dist-design/", "node_modules/", "shots/", "src/api/generated.ts"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, __MOCK_PLATFORM__: "readonly" } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "Use a union of string literals." },
      ],
      "no-restricted-imports": ["error", { patterns: [shell] }],
      "no-console": "error",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig },
    },
    rules: {
      "prefer-const": "off",
      "svelte/no-at-html-tags": "error",
      // State is replaced, not mutated ($state.raw), so plain Maps and Dates are what is meant.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  {
    files: ["src/features/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [shell, features] }] },
  },
  {
    files: ["src/{components,state,format,copy,api,frame}/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [shell, upwards] }] },
  },
  {
    files: ["src/platform/tauri.ts"],
    rules: { "no-restricted-imports": "off" },
  },
  {
    files: ["*.config.{js,ts}", "tests/**"],
    languageOptions: { globals: globals.node },
    rules: { "no-console": "off" },
  },
);
