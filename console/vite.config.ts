import { defineConfig } from "vite";

// The API that `npm run dev` talks to.
const API = process.env.OUTREACH_URL ?? "http://127.0.0.1:3000";
const PATHS = ["/contact/", "/outreach/", "/listResults/", "/ticketing/", "/site"];

export default defineConfig({
  publicDir: false,
  server: { proxy: Object.fromEntries(PATHS.map((path) => [path, API])) },
  // One script and one style sheet. The function puts them into one page, so the page loads nothing else.
  build: {
    outDir: "../functions/api/get_console",
    emptyOutDir: false,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    // A third of it is what is known of the phone numbers of all countries.
    chunkSizeWarningLimit: 700,
    license: { fileName: "LICENSES.md" },
    rolldownOptions: {
      input: "src/main.tsx",
      output: { format: "iife", entryFileNames: "console.js", assetFileNames: "console[extname]" },
    },
  },
});
