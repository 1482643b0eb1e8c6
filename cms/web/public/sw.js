// Keeps the pages in the phone, so that a crew can pair boxes where there is no network. Answers of
// the API are never kept: a value without its age would be worse than none.
const STORE = 'pages-1';
// A page asks for its modules with other headers than it kept them with.
const ANY = { ignoreVary: true };

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.add('/installs')).then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/** From the network, and kept; out of the store when there is none. */
async function fresh(request, name) {
  const store = await caches.open(STORE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await store.put(name, answer.clone());
    return answer;
  } catch (error) {
    const known = await store.match(name, ANY);
    if (known) return known;
    throw error;
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (/^\/(api|talq)\//.test(url.pathname)) return;
  if (request.mode === 'navigate') event.respondWith(fresh(request, '/installs'));
  else if (url.pathname.startsWith('/assets/')) {
    // Their names change with their content: what is kept is right.
    event.respondWith(caches.match(request, ANY).then((known) => known ?? fresh(request, request)));
  }
});
