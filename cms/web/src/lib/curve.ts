/** What a draft means between two noons, for drawing while it is dragged; the CMS has the last word. */
import type { Program } from './types.ts';
import type { SunTimes } from './sun.ts';

/** min: minutes after noon; each level holds until the next point. */
export interface Level { min: number; level_percent: number; reason: string }

const DAY_MIN = 1440;
const NOON_MIN = 720;

/** "22:30" as minutes after noon, 0 to 1439; NaN when it is no time. */
export function fromNoon(at: string): number {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(at);
  if (!found) return NaN;
  return (Number(found[1]) * 60 + Number(found[2]) + NOON_MIN) % DAY_MIN;
}

/** Minutes after noon as "22:30". */
export function toClock(min: number): string {
  const m = (((Math.round(min) + NOON_MIN) % DAY_MIN) + DAY_MIN) % DAY_MIN;
  return `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;
}

/** Spans in which the programme is active, in minutes after noon; none named: always. */
export function activeSpans(program: Program, sun: SunTimes): [number, number][] {
  if (!program.active_periods.length) return [[0, DAY_MIN]];
  return program.active_periods.flatMap((p): [number, number][] => {
    if (p.kind === 'astro') {
      if (Number.isNaN(sun.sunset) || Number.isNaN(sun.sunrise)) return [];
      const on = Math.max(0, sun.sunset + p.on_offset_min);
      return [[on, Math.min(DAY_MIN, sun.sunrise + p.off_offset_min)]];
    }
    const [a, b] = [fromNoon(p.from), fromNoon(p.to)];
    if (Number.isNaN(a) || Number.isNaN(b)) return [];
    return a < b ? [[a, b]] : [[0, b], [a, DAY_MIN]];
  });
}

/** The levels of the night: steps gated by the active periods. */
export function levelsOf(program: Program, sun: SunTimes): Level[] {
  const spans = activeSpans(program, sun);
  const steps = program.steps
    .map((s) => ({ min: fromNoon(s.at), level_percent: s.level_percent }))
    .filter((s) => !Number.isNaN(s.min))
    .sort((a, b) => a.min - b.min);
  const edges = new Set([0, ...steps.map((s) => s.min), ...spans.flat()]);
  const points: Level[] = [];
  for (const min of [...edges].filter((e) => e < DAY_MIN).sort((a, b) => a - b)) {
    const active = spans.some(([a, b]) => a <= min && min < b);
    // Before the first step after noon the last one of the day before still holds.
    const step = steps.findLast((s) => s.min <= min) ?? steps.at(-1);
    const level_percent = active ? (step?.level_percent ?? 100) : 0;
    const reason = active ? 'program' : 'astro';
    const last = points.at(-1);
    if (last?.level_percent !== level_percent) points.push({ min, level_percent, reason });
  }
  return points;
}

export function levelAt(levels: Level[], min: number): number {
  return levels.findLast((l) => l.min <= min)?.level_percent ?? 0;
}

/** Rectangles between two curves: where the new one gives less or more light. */
export function differences(old: Level[], next: Level[]) {
  const edges = [...new Set([...old, ...next].map((l) => l.min)), DAY_MIN].sort((a, b) => a - b);
  const out: { from: number; to: number; low: number; high: number; less: boolean }[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const [from, to] = [edges[i]!, edges[i + 1]!];
    const [a, b] = [levelAt(old, from), levelAt(next, from)];
    if (a !== b && to > from) {
      out.push({ from, to, low: Math.min(a, b), high: Math.max(a, b), less: b < a });
    }
  }
  return out;
}

/** Minutes of the night in which the level keeps to a condition. */
export function minutesWhere(levels: Level[], holds: (level_percent: number, min: number) => boolean) {
  let sum = 0;
  levels.forEach((l, i) => {
    if (holds(l.level_percent, l.min)) sum += (levels[i + 1]?.min ?? DAY_MIN) - l.min;
  });
  return sum;
}

/** Minutes after the noon of date of an RFC 3339 time, by its own wall clock. */
export function wallMin(at: string, date: string): number {
  const days = (Date.parse(`${at.slice(0, 10)}T00:00Z`) - Date.parse(`${date}T00:00Z`)) / 86_400_000;
  const s = Number(at.slice(17, 19)) || 0;
  return days * DAY_MIN + Number(at.slice(11, 13)) * 60 + Number(at.slice(14, 16)) + s / 60 - NOON_MIN;
}

/** A lamp's share of full power at a level, by its type's curve of [percent, fraction]. */
export function powerFraction(curve: [number, number][], level_percent: number): number {
  if (level_percent <= 0) return 0;
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1]!, curve[i]!];
    if (level_percent <= b[0]) return a[1] + ((b[1] - a[1]) * (level_percent - a[0])) / (b[0] - a[0] || 1);
  }
  return curve.at(-1)?.[1] ?? level_percent / 100;
}

/** Energy of the night in kWh of one lamp. */
export function energyKwh(levels: Level[], curve: [number, number][], power_w_max: number): number {
  let wh = 0;
  levels.forEach((l, i) => {
    const hours = ((levels[i + 1]?.min ?? DAY_MIN) - l.min) / 60;
    wh += power_w_max * powerFraction(curve, l.level_percent) * hours;
  });
  return wh / 1000;
}
