/** Keeps this page in the phone: its worker, and what the page was made of. See public/sw.js. */
const STORE = 'pages-1';

/** Whether the page opens without network from now on. */
export async function keepPages(): Promise<boolean> {
  // Not served by https, or a private window: then the page needs its network.
  if (!navigator.serviceWorker || !globalThis.caches) return false;
  await navigator.serviceWorker.register('/sw.js', { scope: '/installs' });
  const loaded = performance.getEntriesByType('resource').map((one) => new URL(one.name));
  const ours = loaded.filter((url) => url.origin === location.origin && url.pathname.startsWith('/assets/'));
  const store = await caches.open(STORE);
  for (const url of ours) if (!await store.match(url.pathname)) await store.add(url.pathname);
  await navigator.serviceWorker.ready;
  return true;
}
