import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

/** The hub that `npm run dev` and `npm run preview` hand `/ws`, `/api` and `/readyz` to. */
const hub = process.env.TICKWIRE_URL ?? 'http://127.0.0.1:8080';

/** What the hub itself sends with the page; kept here too, so that a breach shows while developing. */
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'";

const proxy = {
  '/api': { target: hub },
  '/readyz': { target: hub },
  '/ws': { target: hub, ws: true },
};

export default defineConfig({
  plugins: [solid()],
  // Everything is a file of its own: a policy of 'self' knows no `data:`.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  worker: { format: 'es' },
  server: { proxy },
  preview: { proxy, headers: { 'Content-Security-Policy': policy } },
});
