/** Values as text: always with the unit, an unknown one as a dash. */
import { number, speech, t } from './i18n.svelte.ts';

const NONE = '–';
const NARROW = '\u202f';

/** With its sign, as an offset is written. */
export const signed = (value: number) => (value < 0 ? `−${number(-value)}` : `+${number(value)}`);
export const percent = (value: number | null | undefined) =>
  value == null ? NONE : `${number(Math.round(value))}${NARROW}%`;
export const watt = (value: number | null | undefined) =>
  value == null ? NONE : `${number(value, 1)}${NARROW}W`;
export const kwh = (value: number | null | undefined, digits = 1) =>
  value == null ? NONE : `${number(value, digits)}${NARROW}kWh`;

/** A span in its two largest units that matter: 12 s, 3 min, 1 h 28 min, 4 days. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t('unit.s', { n: s });
  const min = Math.floor(s / 60);
  if (min < 60) return t('unit.min', { n: min });
  const h = Math.floor(min / 60);
  if (h < 48) return min % 60 ? t('unit.hmin', { h, min: min % 60 }) : t('unit.h', { n: h });
  return t('unit.days', { n: Math.floor(h / 24) });
}

/** What is left, to the second while it is less than ten minutes. */
export function left(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  return s < 600 && s >= 60 ? t('unit.mins', { min: Math.floor(s / 60), s: s % 60 }) : span(s);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(ms: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  const key = speech.lang + zone + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(speech.locale, { timeZone: zone, hourCycle: 'h23', ...options });
    formats.set(key, found);
  }
  return found.format(ms);
}

const HM = { hour: '2-digit', minute: '2-digit' } as const;
const HMS = { ...HM, second: '2-digit' } as const;
export const clock = (ms: number, zone: string) => format(ms, zone, HM);
export const clockS = (ms: number, zone: string) => format(ms, zone, HMS);
export const exact = (ms: number, zone: string) => format(ms, zone, {
  weekday: 'short', day: 'numeric', month: 'short', ...HMS, timeZoneName: 'short',
});
export const dayLong = (ms: number, zone: string) => format(ms, zone, {
  weekday: 'short', day: 'numeric', month: 'long',
});
/** The two days of a night; the month once where both have it. */
export function nightDays(noon_ms: number): { from: string; to: string } {
  const next = noon_ms + 86_400_000;
  const sameMonth = new Date(noon_ms).getUTCMonth() === new Date(next).getUTCMonth();
  const short = format(noon_ms, 'UTC', { weekday: 'short', day: 'numeric' });
  return { from: sameMonth ? short : dayLong(noon_ms, 'UTC'), to: dayLong(next, 'UTC') };
}
export const dayShort = (ms: number, zone: string) => format(ms, zone, {
  weekday: 'short', day: 'numeric', month: 'short', year: 'numeric',
});
export const month = (ms: number, withYear: boolean) =>
  format(ms, 'UTC', { month: 'short', ...(withYear ? { year: 'numeric' } : {}) });

const SAME_NIGHT_MS = 64_800_000;

/** A clock time, with its day when that is not this night or day. */
export function moment(ms: number, now: number, zone: string): string {
  if (Math.abs(ms - now) < SAME_NIGHT_MS) return clock(ms, zone);
  return format(ms, zone, { day: 'numeric', month: 'short', ...HM });
}

/** A date of a calendar's rule: 2026-12-24, or --12-24 for every year. */
export function ruleDate(text: string): string {
  const yearly = text.startsWith('--');
  const ms = Date.parse(`${yearly ? `2024${text.slice(1)}` : text}T00:00Z`);
  if (Number.isNaN(ms)) return text;
  return format(ms, 'UTC', { day: 'numeric', month: 'short', ...(yearly ? {} : { year: 'numeric' }) });
}

/** The short name of the zone at an instant, such as CET. */
export function zoneName(ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' });
  return parts.formatToParts(ms).find((p) => p.type === 'timeZoneName')?.value ?? '';
}

/** The civil date (YYYY-MM-DD) of an instant in the city. */
export function dateOf(ms: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(ms);
}

/** The date whose noon began the night that an instant lies in. */
export function nightOf(ms: number, zone: string): string {
  return dateOf(ms - 43_200_000, zone);
}
