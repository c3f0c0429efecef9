import react from '@vitejs/plugin-react';
import {defineConfig} from 'vitest/config';

const server = process.env.TRACIA_BASE_URL ?? 'http://127.0.0.1:7070';

export default defineConfig({
  plugins: [react()],
  // The server puts a fresh nonce in place of this word with each answer (server/routes/src/page.cpp).
  html: {cspNonce: 'TRACIA_NONCE'},
  build: {
    outDir: '../build/web/dist',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: {polyfill: false},
    // A data: address would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
  },
  server: {host: '127.0.0.1', proxy: {'/api': server, '/v1': server, '/openapi.yaml': server}},
  test: {environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], reporters: ['default', 'junit'],
    outputFile: {junit: '../build/test-results/web.xml'}},
});
