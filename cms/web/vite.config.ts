import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { compress } from './build/compress.ts';
import { mock } from './mock/plugin.ts';

// CMS_URL=http://127.0.0.1:8080 works against a running CMS; without it the mock answers.
const cms = process.env.CMS_URL;
const proxy = cms ? { '/api': { target: cms, changeOrigin: true } } : undefined;

const policy = process.env.PAGES_POLICY;

export default defineConfig({
  plugins: [svelte(), compress(), ...(cms ? [] : [mock()])],
  build: { target: 'es2023', chunkSizeWarningLimit: 1200, assetsInlineLimit: 0 },
  worker: { format: 'es' },
  server: { proxy },
  // Tests give the policy of the CMS, so that what it forbids is seen before.
  preview: { proxy, headers: policy ? { 'content-security-policy': policy } : {} },
});
