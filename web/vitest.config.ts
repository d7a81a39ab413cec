import solid from 'vite-plugin-solid';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [solid()],
  test: { include: ['tests/unit/**/*.test.{ts,tsx}'], environment: 'node' },
});
