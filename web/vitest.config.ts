import solid from 'vite-plugin-solid';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [solid()],
  // Solid is taken as browsers get it; of `ws` they get an apology.
  resolve: { alias: { ws: `${import.meta.dirname}/node_modules/ws/wrapper.mjs` } },
  test: { include: ['tests/unit/**/*.test.{ts,tsx}'], environment: 'node' },
});
