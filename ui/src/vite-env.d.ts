/// <reference types="svelte" />
/// <reference types="vite/client" />

/** True in builds that may run over the mock platform: design, tests, the development server. */
declare const __MOCK_PLATFORM__: boolean;
