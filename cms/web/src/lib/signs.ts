/** Which sign stands for a lamp, by what is known of it. */
import type { Feeder, Lamp, Override } from './types.ts';

export type LampSign = 'on' | 'off' | 'fault' | 'silent' | 'unpowered' | 'unmanaged';
export const LAMP_SIGNS: LampSign[] = ['on', 'off', 'fault', 'silent', 'unpowered', 'unmanaged'];

/** The light in percent as far as it is known: measured, else in effect. */
export function lightOf(lamp: Lamp): number {
  return lamp.light_percent ?? lamp.level_percent ?? 0;
}

export function signOf(lamp: Lamp): LampSign {
  switch (lamp.health) {
    case 'fault': return 'fault';
    // Never heard of is as unknown to the operator as no longer heard of.
    case 'silent': case 'unknown': return 'silent';
    case 'unmanaged': return 'unmanaged';
    case 'unpowered': return 'unpowered';
    default: return lightOf(lamp) > 0 ? 'on' : 'off';
  }
}

/** A lamp without node burns when its feeder does. */
export function glowOf(lamp: Lamp, feeders: ReadonlyMap<string, Feeder>): number {
  const sign = signOf(lamp);
  if (sign === 'on') return lightOf(lamp) / 100;
  if (sign !== 'unmanaged') return 0;
  const feeder = lamp.feeder_id ? feeders.get(lamp.feeder_id) : undefined;
  return feeder?.mains === 'off' || feeder?.expected_on === false ? 0 : 1;
}

export function isRunning(o: Override): boolean {
  return o.state === 'pending' || o.state === 'active';
}

/** Share of an override's time that is still left, 0 to 1. */
export function leftOf(o: Override, now: number): number {
  if (!o.expires_at || !o.starts_at) return 1;
  const [from, to] = [Date.parse(o.starts_at), Date.parse(o.expires_at)];
  return to > from ? Math.min(1, Math.max(0, (to - now) / (to - from))) : 0;
}
