/** An invented quarter: streets drawn in metres from a corner, lamps and bays set along them. */
const LAT = 50.8372;
const LON = 4.3441;
const M_PER_LAT = 111_200;
const M_PER_LON = 70_260;

type Xy = [number, number];
export type Names = { fr: string; nl: string; en: string; de: string };

/** id, French, Dutch, width in m, metres from each other of its lamps (0: none), line in metres. */
const STREETS: [string, string, string, number, number, Xy[]][] = [
  ['S-TA', 'Rue des Tanneurs', 'Huidevettersstraat', 8, 34,
    [[79, 80], [60, -30], [51, -66], [31, -139], [11, -212], [-2, -285]]],
  ['S-BL', 'Rue Blaes', 'Blaesstraat', 10, 25,
    [[156, 64], [136, -47], [116, -121], [95, -195], [81, -268], [75, -305]]],
  ['S-HA', 'Rue Haute', 'Hoogstraat', 10, 30,
    [[236, 49], [223, -25], [205, -99], [183, -173], [167, -247], [155, -322]]],
  ['S-EP', 'Rue de l’Éventail', 'Waaierstraat', 7, 0,
    [[301, 33], [288, -40], [268, -113], [247, -187], [233, -260], [220, -333]]],
  ['S-SG', 'Rue Saint-Ghislain', 'Sint-Gisleinsstraat', 8, 40,
    [[-62, 10], [-6, -4], [49, -18], [158, -43], [266, -65], [374, -93]]],
  ['S-RE', 'Rue des Renards', 'Vossenstraat', 6, 32, [[114, -130], [140, -135], [191, -145]]],
  ['S-RA', 'Rue de la Rasière', 'Rasièrestraat', 8, 36,
    [[-104, -158], [4, -186], [58, -200], [167, -224], [277, -246], [333, -261]]],
  ['S-NO', 'Rue de Nancy', 'Nancystraat', 6, 0, [[48, -79], [73, -85], [123, -96]]],
  ['S-JB', 'Place du Jeu de Balle', 'Vossenplein', 6, 27, [[25, -158], [50, -165], [100, -177]]],
];

const names = (fr: string, nl: string): Names => ({ fr, nl, en: fr, de: fr });
const place = ([x, y]: Xy): Xy => [
  Math.round((LON + x / M_PER_LON) * 1e6) / 1e6, Math.round((LAT + y / M_PER_LAT) * 1e6) / 1e6,
];

/** Points every step_m along a line, from first_m on, aside_m to alternating sides, with bearing. */
function along(line: Xy[], first_m: number, step_m: number, aside_m: number, count: number) {
  const out: { at: Xy; bearing_deg: number }[] = [];
  let gone_m = 0;
  let next_m = first_m;
  for (let i = 1; i < line.length; i++) {
    const [ax, ay] = line[i - 1]!;
    const [bx, by] = line[i]!;
    const length_m = Math.hypot(bx - ax, by - ay);
    const [ux, uy] = [(bx - ax) / length_m, (by - ay) / length_m];
    while (next_m <= gone_m + length_m && out.length < count) {
      const side = step_m > 10 ? (out.length % 2 ? aside_m : -aside_m) : aside_m;
      const t = next_m - gone_m;
      const bearing_deg = (Math.round((Math.atan2(ux, uy) * 180) / Math.PI) + 360) % 360;
      out.push({ at: place([ax + ux * t - uy * side, ay + uy * t + ux * side]), bearing_deg });
      next_m += step_m;
    }
    gone_m += length_m;
  }
  return out;
}

const KINDS = ['standard', 'standard', 'standard', 'disabled', 'loading', 'charging'];

export const streets = STREETS.map(([id, fr, nl, width_m, , line]) => ({
  id, names: names(fr, nl), line: line.map(place), width_m,
  lamp_ids: [] as string[], bay_ids: [] as string[],
}));

export const lamps = STREETS.flatMap(([id, fr, nl, width_m, step_m, line]) => {
  if (!step_m) return [];
  return along(line, 6, step_m, width_m / 2 - 0.8, 14).map(({ at, bearing_deg }, i) => {
    const lamp_id = `${id.slice(2)}-${String(i + 1).padStart(2, '0')}`;
    streets.find((s) => s.id === id)!.lamp_ids.push(lamp_id);
    return {
      id: lamp_id, names: names(`${fr} ${2 * i + 1}`, `${nl} ${2 * i + 1}`),
      lon: at[0], lat: at[1], bearing_deg, street_id: id,
    };
  });
});

const ROWS: [string, number, number, number][] = [['S-HA', 178, 8, 3.4], ['S-TA', 105, 9, 2.6],
  ['S-BL', 150, 6, -3.4]];
export const bays = ROWS.flatMap(([street_id, first_m, count, aside_m]) => {
  const street = STREETS.find((s) => s[0] === street_id)!;
  return along(street[5], first_m, 6.4, aside_m, count).map(({ at, bearing_deg }, i) => {
    const id = `${street_id.slice(2)}-P${String(i + 1).padStart(2, '0')}`;
    streets.find((s) => s.id === street_id)!.bay_ids.push(id);
    return {
      id, names: names(`${street[1]} P${i + 1}`, `${street[2]} P${i + 1}`), lon: at[0], lat: at[1],
      bearing_deg, street_id, kind: KINDS[i % KINDS.length]!,
    };
  });
});

export const site = { name: 'Brussels', lat: LAT, lon: LON, zone: 'Europe/Brussels' };
