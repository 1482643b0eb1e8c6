/** What is selected, as the address writes it: street:S-1, lamp:L-1,L-2, group:G-1, bay:B-1. */
import { named } from './i18n.svelte.ts';
import type { Bay, Group, Lamp, Street } from './types.ts';

type Table<T> = ReadonlyMap<string, T>;
interface Known { lamps: Table<Lamp>; bays: Table<Bay>; streets: Table<Street>; groups: Table<Group> }

export interface Selection {
  kind: 'lamp' | 'lamps' | 'street' | 'group' | 'bay' | 'all';
  id: string;
  lamps: Lamp[];
  street?: Street;
  group?: Group;
  bay?: Bay;
  title: string;
}

/** Null when nothing is selected or what the address names is not there. */
export function readSelection(text: string | null, known: Known): Selection | null {
  if (!text) return null;
  const at = text.indexOf(':');
  const kind = text.slice(0, at < 0 ? undefined : at);
  const id = at < 0 ? '' : text.slice(at + 1);
  if (kind === 'bay') {
    const bay = known.bays.get(id);
    return bay ? { kind, id, lamps: [], bay, title: id } : null;
  }
  if (kind === 'street') {
    const street = known.streets.get(id);
    const lamps = lampsOf(known, street?.lamp_ids ?? []);
    return street ? { kind, id, lamps, street, title: named(street.names, id) } : null;
  }
  if (kind === 'group') {
    const group = known.groups.get(id);
    return group ? { kind, id, lamps: lampsOf(known, group.lamp_ids), group, title: group.name } : null;
  }
  if (kind === 'all') return { kind, id, lamps: [...known.lamps.values()], title: '' };
  if (kind !== 'lamp') return null;
  const lamps = lampsOf(known, id.split(','));
  if (!lamps.length) return null;
  return { kind: lamps.length > 1 ? 'lamps' : 'lamp', id, lamps, title: lamps[0]!.id };
}

export function lampsOf(known: Pick<Known, 'lamps'>, ids: string[]): Lamp[] {
  return ids.map((id) => known.lamps.get(id)).filter((l) => l !== undefined);
}

export function streetsOf(lamps: Lamp[]): number {
  return new Set(lamps.map((l) => l.street_id)).size;
}
