/** What the map is told of the city, as GeoJSON. */
import { named, otherName } from '../lib/i18n.svelte.ts';
import { glowOf, leftOf, signOf } from '../lib/signs.ts';
import type { Bay, Feeder, Lamp, Override, Receipt, Street } from '../lib/types.ts';
import { ARC_STEPS } from './icons.ts';

type Feature = GeoJSON.Feature;
const M_PER_DEGREE = 111_200;

const point = (lon: number, lat: number, properties: GeoJSON.GeoJsonProperties): Feature => (
  { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties });

export function streetFeatures(streets: Iterable<Street>): Feature[] {
  return [...streets].map((s) => {
    const other = otherName(s.names);
    const name = other ? `${named(s.names)} · ${other}` : named(s.names);
    return { type: 'Feature', geometry: { type: 'LineString', coordinates: s.line },
      properties: { id: s.id, name, width_m: s.width_m || 7 } };
  });
}

/** A thin frame round a street, so wide that its lamps lie within. */
export function frameOf(street: Street): Feature[] {
  const line = street.line;
  const squeeze = Math.cos(((line[0]?.[1] ?? 0) * Math.PI) / 180);
  const aside_m = (street.width_m || 7) / 2 + 4;
  const sides = line.map((p, i): [[number, number], [number, number]] => {
    const [a, b] = [line[Math.max(0, i - 1)]!, line[Math.min(line.length - 1, i + 1)]!];
    const [dx, dy] = [(b[0] - a[0]) * squeeze, b[1] - a[1]];
    const d = (aside_m / M_PER_DEGREE) / (Math.hypot(dx, dy) || 1);
    const [ox, oy] = [(-dy * d) / squeeze, dx * d];
    return [[p[0] + ox, p[1] + oy], [p[0] - ox, p[1] - oy]];
  });
  if (sides.length < 2) return [];
  const outline = [...sides.map((s) => s[0]), ...sides.map((s) => s[1]).reverse(), sides[0]![0]];
  return [{ type: 'Feature', geometry: { type: 'Polygon', coordinates: [outline] }, properties: {} }];
}

export function lampFeatures(lamps: Lamp[], now: number,
  feeders: ReadonlyMap<string, Feeder>, overrides: ReadonlyMap<string, Override>): Feature[] {
  return lamps.map((l) => {
    const properties: Record<string, unknown> = {
      id: l.id, sign: signOf(l), glow: Math.round(glowOf(l, feeders) * 100) / 100,
    };
    if (l.override_id) {
      const o = overrides.get(l.override_id);
      properties.arc = o ? Math.ceil(leftOf(o, now) * ARC_STEPS) : ARC_STEPS;
    }
    return point(l.lon, l.lat, properties);
  });
}

/** Where boards that were made are to hang; one without a place is in the list of installs alone. */
export function plannedFeatures(planned: Iterable<Receipt>): Feature[] {
  return [...planned].flatMap((r) => (r.lon === null || r.lat === null ? [] : [point(r.lon, r.lat, { id: r.id })]));
}

/** What the rings of the selection lie round; apart, so that they follow a press at once. */
export function pickedFeatures(lamps: Lamp[], bay: Bay | undefined): Feature[] {
  return [...lamps.map((l) => point(l.lon, l.lat, { kind: 'lamp' })),
    ...(bay ? [point(bay.lon, bay.lat, { kind: 'bay' })] : [])];
}

export function bayFeatures(bays: Bay[]): Feature[] {
  return bays.map((b) => point(b.lon, b.lat, {
    id: b.id, state: b.state, bearing_deg: b.bearing_deg ?? 90,
  }));
}
