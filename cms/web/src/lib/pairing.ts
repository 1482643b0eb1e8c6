/** What scans at a pole say, and the ones that wait in this phone for a connection. Computes only. */

export interface Scan {
  id: string; node_id: string; asset_id: string; at: string;
  lat?: number; lon?: number;
}
export type InstallState = 'heard' | 'not_heard' | 'swap' | 'duplicate';
export interface Install {
  id: string; asset_id: string; node_id: string; state: InstallState; others: string[];
  by: string; paired_at: string; lat: number | null; lon: number | null;
}

const KEPT_MAX = 2000;

/** The node of a box: flash.py's label (LL1:node:asset:mac), or the node's number as it is printed. */
export function boxOf(text: string): string | null {
  const said = text.trim().toLowerCase();
  const label = /^ll1:([0-9a-f]{12}):/.exec(said);
  if (label) return label[1]!;
  const plain = said.replaceAll(':', '');
  return /^[0-9a-f]{12}$/.test(plain) ? plain : null;
}

/** The asset on a pole's plate; a box's label is none, so that a box scanned twice is noticed. */
export function poleOf(text: string): string | null {
  const said = text.trim();
  return said && said.length <= 64 && !/^ll1:/i.test(said) && !/\s/.test(said) ? said : null;
}

/** With one more scan; the same two things are kept once, with the newer time. RangeError: no more fit. */
export function kept(waiting: Scan[], one: Scan): Scan[] {
  const others = waiting.filter((s) => s.node_id !== one.node_id || s.asset_id !== one.asset_id);
  if (others.length >= KEPT_MAX) throw new RangeError(`${KEPT_MAX} scans wait already`);
  return [...others, one];
}

/** Without those that the CMS has. */
export function without(waiting: Scan[], sent: Scan[]): Scan[] {
  const ids = new Set(sent.map((s) => s.id));
  return waiting.filter((s) => !ids.has(s.id));
}

/** What was kept by an earlier visit; nothing where that cannot be read. */
export function read(text: string | null): Scan[] {
  try {
    const said: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(said) ? said.filter(isScan) : [];
  } catch {
    return [];
  }
}

function isScan(one: unknown): one is Scan {
  const scan = one as Partial<Scan> | null;
  return !!scan && [scan.id, scan.node_id, scan.asset_id, scan.at].every((v) => typeof v === 'string');
}

/** A day of the calendar, so many days on. */
export function shifted(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
