/** Sun times of a civil date, by NOAA's equations (Meeus, low accuracy; within a minute or two). */

const RAD = Math.PI / 180;
const SUNSET_ZENITH_DEG = 90.833;
const TWILIGHT_ZENITH_DEG = 96;
const DAY_MIN = 1440;

/** Minutes after the noon of the date; NaN where the sun does not cross (polar day or night). */
export interface SunTimes { sunset: number; dusk: number; dawn: number; sunrise: number }

/** Declination in degrees and equation of time in minutes, for days since J2000. */
function sunAt(days: number): { declination_deg: number; equation_min: number } {
  const t = days / 36525;
  const mean = (280.46646 + t * (36000.76983 + t * 0.0003032)) % 360;
  const anomaly = (357.52911 + t * (35999.05029 - 0.0001537 * t)) * RAD;
  const e = 0.016708634 - t * (0.000042037 + 0.0000001267 * t);
  const centre = Math.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
    + Math.sin(2 * anomaly) * (0.019993 - 0.000101 * t) + Math.sin(3 * anomaly) * 0.000289;
  const node = (125.04 - 1934.136 * t) * RAD;
  const lambda = (mean + centre - 0.00569 - 0.00478 * Math.sin(node)) * RAD;
  const tilt = (23.439291 - 0.0130042 * t + 0.00256 * Math.cos(node)) * RAD;
  const y = Math.tan(tilt / 2) ** 2;
  const l2 = 2 * mean * RAD;
  const equation = y * Math.sin(l2) - 2 * e * Math.sin(anomaly)
    + 4 * e * y * Math.sin(anomaly) * Math.cos(l2) - 0.5 * y * y * Math.sin(2 * l2)
    - 1.25 * e * e * Math.sin(2 * anomaly);
  return {
    declination_deg: Math.asin(Math.sin(tilt) * Math.sin(lambda)) / RAD,
    equation_min: (4 * equation) / RAD,
  };
}

/** Minutes UTC of 00:00 of the day at which the sun crosses the zenith angle; NaN if it does not. */
function crossing(day: number, lat: number, lon: number, zenith_deg: number, evening: boolean) {
  let minute = 720 - 4 * lon;
  for (let i = 0; i < 3; i++) {
    const { declination_deg, equation_min } = sunAt(day - 0.5 + minute / DAY_MIN);
    const d = declination_deg * RAD;
    const cosine = (Math.cos(zenith_deg * RAD) - Math.sin(lat * RAD) * Math.sin(d))
      / (Math.cos(lat * RAD) * Math.cos(d));
    if (cosine < -1 || cosine > 1) return NaN;
    const angle_min = (4 * Math.acos(cosine)) / RAD;
    minute = 720 - 4 * lon - equation_min + (evening ? angle_min : -angle_min);
  }
  return minute;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes that the zone is ahead of UTC at an instant in ms. */
export function offsetMin(ms: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  const name = format.formatToParts(ms).find((p) => p.type === 'timeZoneName')?.value ?? 'GMT';
  const found = /([+-])(\d\d):(\d\d)/.exec(name);
  if (!found) return 0;
  return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]));
}

/** Minutes of an instant's wall clock after the noon of date (YYYY-MM-DD). */
export function minutesAfterNoon(ms: number, date: string, zone: string): number {
  return (ms - Date.parse(`${date}T12:00:00Z`)) / 60_000 + offsetMin(ms, zone);
}

/** The sun of the night that begins at the local noon of date (YYYY-MM-DD). */
export function sunOf(date: string, lat: number, lon: number, zone: string): SunTimes {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const day = midnight / 86_400_000 - 10957;
  const evening = offsetMin(midnight + 64_800_000, zone) - 720;
  const morning = offsetMin(midnight + 108_000_000, zone) + 720;
  return {
    sunset: crossing(day, lat, lon, SUNSET_ZENITH_DEG, true) + evening,
    dusk: crossing(day, lat, lon, TWILIGHT_ZENITH_DEG, true) + evening,
    dawn: crossing(day + 1, lat, lon, TWILIGHT_ZENITH_DEG, false) + morning,
    sunrise: crossing(day + 1, lat, lon, SUNSET_ZENITH_DEG, false) + morning,
  };
}
