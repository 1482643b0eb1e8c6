/** The city that the mock pretends: lamps that follow, commands that walk, alarms. */
import { preview, type Program } from './plan.ts';
import { bays as places, lamps as poles, site, streets } from './quarter.ts';

export const SPEED = Number(process.env.MOCK_SPEED ?? 1);
const STARTED = Date.parse(process.env.MOCK_START ?? '2026-11-20T22:41:00+01:00');
const BORN = Date.now();
export const now = () => STARTED + (Date.now() - BORN) * SPEED;
export const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
const by = { fr: 'vous', nl: 'u', en: 'you', de: 'Sie' };

export const programs: Record<string, Program> = {
  'P-1': {
    id: 'P-1', name: 'Residential B',
    steps: [{ at: '22:00', level_percent: 70, ramp_s: 60 }, { at: '23:30', level_percent: 50,
      ramp_s: 60 }, { at: '05:30', level_percent: 70, ramp_s: 60 },
    { at: '06:30', level_percent: 100, ramp_s: 60 }],
    active_periods: [{ kind: 'astro', on_offset_min: -5, off_offset_min: 10 }],
    dynamic: [{ sensor: 'presence', operation: 'max', level_percent: 80, hold_s: 45 }],
  },
  'P-2': {
    id: 'P-2', name: 'Shopping street A',
    steps: [{ at: '00:30', level_percent: 60, ramp_s: 60 }, { at: '06:00', level_percent: 100,
      ramp_s: 60 }],
    active_periods: [{ kind: 'astro', on_offset_min: -5, off_offset_min: 10 }], dynamic: [],
  },
};
export const calendars: Record<string, object> = {
  'K-1': { id: 'K-1', name: 'All year', default_program_id: 'P-1', rules: [{ program_id: 'P-2',
    from: '--12-24', to: '--01-02', days: [] }] },
  'K-2': { id: 'K-2', name: 'Shopping street', default_program_id: 'P-2', rules: [] },
};
export const groups: Record<string, object> = {
  'G-1': { id: 'G-1', name: 'Crossings', lamp_ids: ['BL-03', 'HA-04', 'SG-03', 'RA-04'] },
};
export const feeders = [{ id: 'LV-14-3', names: { fr: 'Départ 14-3', nl: 'Vertrek 14-3',
  en: 'Feeder 14-3', de: 'Abgang 14-3' }, cabinet_id: 'C-1', mains: 'on', expected_on: true }];
export const lampTypes = [{ id: 'LED-58', power_w_max: 58, floor_percent: 20,
  curve: [[0, 0], [10, 0.13], [50, 0.5], [100, 1]] }];

export type Lamp = (typeof poles)[number] & Record<string, any>;
export const lamps: Record<string, Lamp> = {};
for (const [i, pole] of poles.entries()) {
  const level = pole.street_id === 'S-JB' ? 100 : pole.street_id === 'S-TA' ? 50 : 80;
  const odd = { 'HA-04': 'fault', 'BL-06': 'silent', 'SG-07': 'unmanaged', 'RE-01': 'off' }[pole.id];
  const light = odd === 'fault' || odd === 'off' ? 0 : odd === 'unmanaged' ? null : level;
  lamps[pole.id] = {
    ...pole, lamp_type_id: 'LED-58', level_percent: odd === 'off' ? 0 : level,
    target_percent: odd === 'off' ? 0 : level, light_percent: light,
    power_w: light === null ? null : odd === 'fault' ? 1.2 : Math.round(light * 5.8) / 10,
    reported_at: odd === 'unmanaged' ? null : iso(now() - (odd === 'silent' ? 840 : 3 + (i % 9)) * 1000),
    health: odd === 'off' ? 'ok' : (odd ?? 'ok'), reason: odd === 'off' ? 'program' : 'program',
    override_id: null, node_id: odd === 'unmanaged' ? null : `02aa${String(i).padStart(8, '0')}`,
    gateway_id: 'GW-1', feeder_id: 'LV-14-3', group_ids: [] as string[], calendar_id: 'K-1',
  };
}
const STATES = ['occupied', 'vacant', 'occupied', 'occupied', 'vacant', 'occupied', 'unknown', 'closed'];
export const bays: Record<string, any> = {};
for (const [i, bay] of places.entries()) {
  const state = STATES[i % STATES.length]!;
  bays[bay.id] = { ...bay, state, confidence_percent: state === 'unknown' ? null : 93,
    since: iso(now() - (i * 7 + 4) * 60_000), reported_at: iso(now() - (i + 2) * 1000) };
}
export const alarms: Record<string, any> = {
  'A-1': { id: 'A-1', kind: 'lamp_failure', severity: 'urgent', asset_id: 'HA-04',
    started_at: iso(now() - 38 * 60_000), ended_at: null, acknowledged_by: null, acknowledged_at: null },
  'A-2': { id: 'A-2', kind: 'no_contact', severity: 'normal', asset_id: 'BL-06',
    started_at: iso(now() - 14 * 60_000), ended_at: null, acknowledged_by: null, acknowledged_at: null },
  'A-3': { id: 'A-3', kind: 'high_power', severity: 'high', asset_id: 'TA-03', started_at: iso(now() - 2.1e8),
    ended_at: iso(now() - 1e8), acknowledged_by: 'S. De Smet', acknowledged_at: iso(now() - 1.5e8) },
};
export const overrides: Record<string, any> = {};
export const assignments: Record<string, any> = {};

type Send = (name: string, data: object) => void;
let count = 0;

export function age<T extends Record<string, any>>(item: T): T {
  const age_s = item.reported_at ? Math.round((now() - Date.parse(item.reported_at)) / 1000) : null;
  return { ...item, age_s };
}

function shown(o: any) {
  const stages = { asked: 0, sent: 0, acknowledged: 0, seen: 0 };
  const order = ['asked', 'sent', 'acknowledged', 'seen'] as const;
  for (const l of o.lamps) for (const s of order.slice(0, order.indexOf(l.stage) + 1)) stages[s]++;
  return Object.assign(o, { stages, reached: stages.seen, total: o.lamps.length });
}

/** A command walks: all sent at once, acknowledged and seen lamp by lamp; the silent never. */
export function command(body: any, send: Send) {
  const ids = new Set<string>(body.lamp_ids ?? []);
  for (const g of body.group_ids ?? []) for (const id of (groups[g] as any)?.lamp_ids ?? []) ids.add(id);
  const o = shown({ id: `O-${++count}`, lamp_ids: [...ids], group_ids: body.group_ids ?? [],
    level_percent: body.level_percent, starts_at: iso(now()),
    expires_at: iso(now() + (body.expires_in_s ?? 3600) * 1000), rank: body.rank ?? 'ordinary',
    reason: body.reason ?? '', state: 'pending', by: 'N. Vermeulen', created_at: iso(now()),
    lamps: [...ids].map((lamp_id) => ({ lamp_id, stage: 'asked', why: null })) });
  overrides[o.id] = o;
  const tell = () => send('progress', { kind: 'override', ...shown(o) });
  setTimeout(() => { for (const l of o.lamps) l.stage = 'sent'; tell(); }, 250);
  o.lamps.forEach((l: any, i: number) => {
    const lamp = lamps[l.lamp_id];
    if (!lamp || lamp.health === 'silent') { l.why = 'silent'; return; }
    setTimeout(() => {
      if (o.state === 'released') return;
      l.stage = 'acknowledged'; o.state = 'active';
      Object.assign(lamp, { target_percent: o.level_percent, override_id: o.id, reason: 'override' });
      tell();
      if (lamp.health === 'ok') ramp(lamp, o.level_percent, send, () => { l.stage = 'seen'; tell(); });
      else { l.why = lamp.health; send('lamp', age(lamp)); }
    }, 700 + 180 * i);
  });
  return o;
}

function ramp(lamp: Lamp, to: number, send: Send, then: () => void) {
  const from = lamp.light_percent ?? to;
  let step = 0;
  const timer = setInterval(() => {
    step++;
    lamp.light_percent = lamp.level_percent = Math.round(from + ((to - from) * step) / 5);
    lamp.power_w = Math.round(lamp.light_percent * 5.8) / 10;
    lamp.reported_at = iso(now());
    send('lamp', age(lamp));
    if (step === 5) { clearInterval(timer); then(); }
  }, 300);
}

export function release(id: string, send: Send) {
  const o = overrides[id];
  if (!o) return null;
  o.state = 'released';
  for (const l of o.lamps) {
    const lamp = lamps[l.lamp_id];
    if (!lamp || lamp.override_id !== id) continue;
    Object.assign(lamp, { override_id: null, reason: 'program', target_percent: 80 });
    ramp(lamp, 80, send, () => {});
  }
  send('progress', { kind: 'override', ...o });
  return o;
}

export function assign(body: any, send: Send) {
  const ids: string[] = [...(body.lamp_ids ?? [])];
  for (const g of body.group_ids ?? []) ids.push(...((groups[g] as any)?.lamp_ids ?? []));
  const a = { id: `Z-${++count}`, calendar_id: body.calendar_id, state: 'pending', reached: 0,
    total: ids.length, failed: [] as object[], created_at: iso(now()) };
  assignments[a.id] = a;
  const timer = setInterval(() => {
    const id = ids[a.reached + a.failed.length];
    if (id && lamps[id]?.health === 'silent') a.failed.push({ lamp_id: id, why: 'silent' });
    else if (id) { a.reached++; lamps[id]!.calendar_id = body.calendar_id; }
    else { clearInterval(timer); a.state = a.failed.length ? 'partly' : 'done'; }
    send('progress', { kind: 'assignment', ...a });
  }, 250);
  return a;
}

/** Every fourth lamp has a DALI driver. */
export function driver(id: string) {
  const none = Number(id.replace(/\D/g, '')) % 4 !== 0;
  const values = none ? {} : {
    colour_k: 3000, gear_c: 41, gear_failures: 0, gear_on_s: 12_345_678, gear_starts: 1042, light_dv: 540,
    light_failures: 1, light_lm: 8400, light_ma: 1050, light_on_s: 11_000_000, light_starts: 1064,
    luminaire_gtin: '5415001234562', nominal_power_w: 60,
  };
  return { id, reported_at: none ? null : iso(now() - 7_200_000), age_s: none ? null : 7200, values };
}

export function why(id: string) {
  const lamp = lamps[id]!;
  const o = lamp.override_id ? overrides[lamp.override_id] : null;
  const level = `${lamp.target_percent} %`;
  return {
    sentence: Object.fromEntries(Object.keys(by).map((k) => [k, o
      ? `${id}: ${level}, ${o.reason} (${o.by})` : `${id}: ${level}, Residential B, 22:00`])),
    chain: [{ rule: 'default', value: '100 %', since: null, by: null },
      { rule: 'calendar', value: 'All year → Residential B', since: iso(now() - 4.3e9), by: 'A. Claes' },
      { rule: 'program', value: '80 %', since: iso(now() - 2.4e6), by: 'J. Peeters' },
      ...(o ? [{ rule: 'override', value: level, since: o.created_at, by: o.by }] : [])],
  };
}

export const sun = () => { const p = preview(programs['P-1']!, iso(now()).slice(0, 10), site);
  return { sunrise: p.sunrise, sunset: p.sunset, dawn: p.dawn, dusk: p.dusk }; };
export { preview, site, streets };

/** Keeps the picture alive: reports come in, a car comes or goes. */
export function live(send: Send) {
  const ids = Object.keys(lamps);
  let i = 0;
  return setInterval(() => {
    for (let k = 0; k < 8; k++) {
      const lamp = lamps[ids[i++ % ids.length]!]!;
      if (lamp.health === 'silent' || lamp.health === 'unmanaged') continue;
      lamp.reported_at = iso(now());
      send('lamp', age(lamp));
    }
    if (i % 5 === 0) {
      const bay = Object.values(bays)[i % Object.keys(bays).length];
      if (bay.state === 'vacant' || bay.state === 'occupied') {
        bay.state = bay.state === 'vacant' ? 'occupied' : 'vacant';
        bay.since = bay.reported_at = iso(now());
        send('bay', age(bay));
      }
    }
  }, 1500);
}

// What left a bench and was not heard yet: one for a pole of ours, one for a pole that is new.
const made = (n: number, asset_id: string, place: { lat: number; lon: number } | undefined) => ({
  id: `02aa000001${String(n).padStart(2, '0')}`, asset_id, state: 'planned', kind: 'lamp',
  lat: place ? place.lat + 0.0001 : null, lon: place ? place.lon + 0.0001 : null,
  flashed_at: iso(now() - 50 * 3_600_000), laptop: 'van-3',
});
export const receipts = [
  made(1, 'BL-90', Object.values(lamps)[0]), made(2, 'BL-91', Object.values(lamps)[3]), made(3, 'BL-92', undefined),
];

// What crews hung: yesterday a swap, a label that hangs twice, one that is not heard, one that is.
const yesterday = iso(now() - 86_400_000);
const hung = (n: number, asset_id: string, state: string, others: string[] = []) => ({
  id: `scan-${n}`, asset_id, node_id: `02aa000000${String(n).padStart(2, '0')}`, state, others,
  by: 'S. Claes', paired_at: yesterday, lat: null, lon: null,
});
export const installs = [
  hung(1, 'BL-01', 'heard'), hung(2, 'BL-02', 'not_heard'),
  hung(3, 'BL-03', 'swap', ['BL-04', '02aa00000004']), hung(4, 'BL-04', 'swap', ['BL-03', '02aa00000003']),
  hung(5, 'HA-04', 'duplicate', ['HA-05']),
];
export function pair(pairings: { id: string; node_id: string; asset_id: string; at: string }[]) {
  // A phone whose answer was lost says the same again: what has its number here is known.
  const added = pairings.filter((said) => !installs.some((known) => known.id === said.id));
  for (const said of added) {
    installs.push({ ...hung(0, said.asset_id, 'not_heard'), ...said, paired_at: said.at });
  }
  return { added: added.length, known: pairings.length - added.length };
}
