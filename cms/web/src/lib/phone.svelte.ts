/** Pairings that this phone keeps until the CMS has them: a crew works where there is no network. */
import { call, Refused } from './api.ts';
import { kept, read, without, type Scan } from './pairing.ts';

const KEY = 'pairings';
const AT_ONCE = 200;
/** A browser that thinks it has a network says nothing when a real one, or the CMS, comes back. */
const AGAIN_MS = 15_000;
/** Of answers that are about what was sent, and not about who sent it. */
const UNFIT = [400, 409, 413, 422];
/** Of answers that say nothing about what was sent: the same may be taken later. */
const isBusy = (status: number) => status === 408 || status === 429 || status >= 500;

class Phone {
  waiting = $state.raw<Scan[]>(read(localStorage.getItem(KEY)));
  /** Why the last sending did not work, in the CMS's words; "" when it did, null without network. */
  trouble = $state<string | null>('');
  sending = $state(false);
  /** Grows with each part that the CMS has taken. */
  taken = $state(0);
  /** Nobody has refused what waits: it is tried again. */
  #isToTry = true;
  /** Somebody asked while a sending was under way, which may fail for what was true before. */
  #asked = false;
  /** Scans whose place is still looked for. */
  #placing = new Set<string>();

  constructor() {
    addEventListener('online', () => void this.send());
    // Another tab has kept or sent some.
    addEventListener('storage', () => { this.waiting = read(localStorage.getItem(KEY)); });
    setInterval(() => {
      if (this.waiting.length && this.#isToTry && !this.sending) void this.send();
    }, AGAIN_MS);
    if (navigator.onLine && this.waiting.length) void this.send();
  }

  /** Of what the phone keeps now, for another tab may have changed it. */
  #change(change: (waiting: Scan[]) => Scan[]) {
    const waiting = change(read(localStorage.getItem(KEY)));
    localStorage.setItem(KEY, JSON.stringify(waiting));
    this.waiting = waiting;
  }

  /** Keep a scan at once: the next box may be scanned, or the page closed, before its place is known.
   * Throws when this phone has no room. */
  keep(node_id: string, asset_id: string): Scan {
    const scan: Scan = { id: freshId(), node_id, asset_id, at: new Date().toISOString() };
    this.#change((waiting) => kept(waiting, scan));
    this.#placing.add(scan.id);
    return scan;
  }

  /** Add the place of a scan that is kept, and send what waits. */
  async finish(scan: Scan) {
    const place = await whereNow();
    this.#placing.delete(scan.id);
    this.#change((waiting) => waiting.map((s) => (s.id === scan.id ? { ...s, ...place } : s)));
    await this.send();
  }

  forget(scan: Scan) {
    this.#change((waiting) => without(waiting, [scan]));
  }

  /** True when the CMS has everything. A scan that it refuses stays here, and holds back no other. */
  async send(): Promise<boolean> {
    this.#asked = this.sending;
    if (this.sending) return false;
    this.sending = true;
    const refused = new Map<string, string>();
    let atOnce = AT_ONCE;
    try {
      for (;;) {
        const part = this.waiting
          .filter((scan) => !refused.has(scan.id) && !this.#placing.has(scan.id)).slice(0, atOnce);
        if (!part.length) break;
        try {
          await call('POST', '/pairings', { pairings: part });
          this.#change((waiting) => without(waiting, part));
          this.taken += 1;
        } catch (error) {
          if (!(error instanceof Refused) || !UNFIT.includes(error.status)) throw error;
          // One of them is not good: halves find it.
          if (part.length > 1) atOnce = Math.ceil(part.length / 2);
          else {
            refused.set(part[0]!.id, error.message);
            atOnce = AT_ONCE;
          }
        }
      }
      this.trouble = [...refused.values()][0] ?? '';
      this.#isToTry = !refused.size;
    } catch (error) {
      this.trouble = error instanceof Refused ? error.message : null;
      this.#isToTry = !(error instanceof Refused) || isBusy(error.status);
    } finally {
      this.sending = false;
    }
    if (this.#asked && this.#isToTry && this.waiting.length) return this.send();
    return !this.waiting.length;
  }
}

/** Without https a browser has no randomUUID. */
function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Where the phone is, if it may say so and knows it soon. */
function whereNow(): Promise<{ lat?: number; lon?: number }> {
  return new Promise((done) => {
    if (!navigator.geolocation) return done({});
    const late = setTimeout(() => done({}), 1500);
    const said = (found: { lat?: number; lon?: number }) => { clearTimeout(late); done(found); };
    navigator.geolocation.getCurrentPosition(
      (at) => said({ lat: at.coords.latitude, lon: at.coords.longitude }),
      () => said({}),
      { enableHighAccuracy: true, maximumAge: 10_000, timeout: 1400 },
    );
  });
}

export const phone = new Phone();
