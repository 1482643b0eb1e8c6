/** The address is the state: a path, and a query of what is selected and shown. */

class Route {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));

  constructor() {
    addEventListener('popstate', () => this.#read());
  }

  #read() {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }

  /** Where a path with a query leads, as a link. */
  to(path: string, query: Record<string, string | null> = {}): string {
    const words = new URLSearchParams();
    for (const [k, v] of Object.entries(query)) if (v) words.set(k, v);
    // Ids and their separators stay readable, so that a link can be read aloud.
    const text = words.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
    return text ? `${path}?${text}` : path;
  }

  go(path: string, query: Record<string, string | null> = {}) {
    const target = this.to(path, query);
    if (target !== location.pathname + location.search) history.pushState(null, '', target);
    this.#read();
  }

  /** Changes words of the query; null removes one. Filters replace, selections can be gone back from. */
  set(change: Record<string, string | null>, replace = false) {
    const all = { ...Object.fromEntries(this.query), ...change };
    const target = this.to(this.path, all);
    history[replace ? 'replaceState' : 'pushState'](null, '', target);
    this.#read();
  }

  get(name: string): string | null {
    return this.query.get(name);
  }
}

export const route = new Route();

/** Follows a link inside the pages without loading them anew; for onclick of the whole frame. */
export function follow(event: MouseEvent) {
  const link = (event.target as Element).closest?.('a[href]') as HTMLAnchorElement | null;
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  route.go(link.pathname, Object.fromEntries(new URLSearchParams(link.search)));
}
