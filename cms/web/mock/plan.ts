/** What a programme means for one night, for the mock: noon to noon, the sun by src/lib/sun.ts. */
import { levelsOf } from '../src/lib/curve.ts';
import { sunOf } from '../src/lib/sun.ts';

export type Program = import('../src/lib/types.ts').Program;

export function preview(program: Program, date: string,
  site: { lat: number; lon: number; zone: string }) {
  const sun = sunOf(date, site.lat, site.lon, site.zone);
  const points = levelsOf(program, sun);
  const [y, m, d] = date.split('-').map(Number) as [number, number, number];
  const at = (min: number) => {
    const stamp = new Date(Date.UTC(y, m - 1, d, 12, Math.round(min)));
    return `${stamp.toISOString().slice(0, 19)}+01:00`;
  };
  let wh = 0;
  points.forEach((p, i) => {
    wh += (58 * p.level_percent * ((points[i + 1]?.min ?? 1440) - p.min)) / 6000;
  });
  return {
    date, points: points.map((p) => ({ at: at(p.min), level_percent: p.level_percent,
      reason: p.reason })), ends_at: at(1440), sunset: at(sun.sunset), sunrise: at(sun.sunrise),
    dusk: at(sun.dusk), dawn: at(sun.dawn), energy_kwh: wh / 1000,
  };
}
