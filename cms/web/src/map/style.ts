/** How the quarter is drawn: ground, streets, pools of light, then signs and rings. */
import type {
  ExpressionSpecification, LayerSpecification, StyleSpecification,
} from 'maplibre-gl';
import type { Colour } from './icons.ts';

/** Metres of one pixel at zoom 0 on the equator, for tiles of 512 pixels. */
export const M_PER_PIXEL = 78_271.517;
const EMPTY: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
const SOURCES = ['streets', 'chosen', 'lamps', 'bays', 'picked', 'planned'] as const;
const LABEL_FONT = ['Noto Sans', 'Segoe UI', 'Roboto', 'sans-serif'];

/** A width or radius given in metres, as pixels at every zoom, at least so many. */
function metres(value: ExpressionSpecification | number, lat: number, least: number): ExpressionSpecification {
  const at = (zoom: number): ExpressionSpecification => {
    const pixels = 2 ** zoom / (M_PER_PIXEL * Math.cos((lat * Math.PI) / 180));
    return ['max', least, ['*', value, pixels]];
  };
  return ['interpolate', ['exponential', 2], ['zoom'], 12, at(12), 16, at(16), 22, at(22)];
}

const byZoom = (small: number, large: number): ExpressionSpecification =>
  ['interpolate', ['linear'], ['zoom'], 12.5, small, 16, large];

const is = (name: string, value: string): ExpressionSpecification =>
  ['==', ['get', name], value];

function ground(colour: Colour, lat: number): LayerSpecification[] {
  const round = { 'line-cap': 'round', 'line-join': 'round' } as const;
  const width: ExpressionSpecification = ['get', 'width_m'];
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': colour('--map-block') } },
    { id: 'pavement', type: 'line', source: 'streets', layout: round,
      paint: { 'line-color': colour('--map'), 'line-width': metres(['+', width, 7], lat, 2) } },
    { id: 'road', type: 'line', source: 'streets', layout: round,
      paint: { 'line-color': colour('--map-road'), 'line-width': metres(width, lat, 1) } },
  ];
}

function light(colour: Colour, lat: number, dark: boolean): LayerSpecification[] {
  const level: ExpressionSpecification = ['get', 'glow'];
  return [
    { id: 'pools', type: 'circle', source: 'lamps', filter: ['>', level, 0],
      paint: {
        'circle-color': colour('--pool'), 'circle-blur': 1,
        'circle-radius': metres(['+', 13, ['*', 12, level]], lat, 3),
        'circle-opacity': ['*', dark ? 0.42 : 0.3, ['+', 0.25, ['*', 0.75, level]]],
      } },
  ];
}

function lamps(colour: Colour): LayerSpecification[] {
  const level: ExpressionSpecification = ['get', 'glow'];
  const mix: ExpressionSpecification = ['interpolate', ['linear'], level,
    0, colour('--lamp-low'), 1, colour('--lamp-high')];
  const on = is('sign', 'on');
  const size = byZoom(0.4, 1);
  const icon = { 'icon-allow-overlap': true, 'icon-ignore-placement': true } as const;
  return [
    { id: 'lamp-halo', type: 'circle', source: 'lamps', filter: on,
      paint: { 'circle-color': colour('--halo'), 'circle-blur': 0.9, 'circle-radius': byZoom(5, 13),
        'circle-opacity': ['+', 0.1, ['*', 0.6, level]] } },
    { id: 'lamp-core', type: 'circle', source: 'lamps', filter: on,
      paint: { 'circle-color': mix, 'circle-radius': byZoom(1.9, 4.75),
        'circle-stroke-color': colour('--lamp-edge'), 'circle-stroke-width': byZoom(0.4, 1) } },
    { id: 'lamp-sign', type: 'symbol', source: 'lamps', filter: ['!', on],
      layout: { ...icon, 'icon-image': ['concat', 'lamp-', ['get', 'sign']], 'icon-size': size } },
    { id: 'lamp-arc', type: 'symbol', source: 'lamps', filter: ['has', 'arc'],
      layout: { ...icon, 'icon-image': ['concat', 'arc-', ['get', 'arc']], 'icon-size': size } },
    { id: 'lamp-ring', type: 'circle', source: 'picked', filter: is('kind', 'lamp'),
      paint: { 'circle-color': 'transparent', 'circle-radius': byZoom(4.5, 10.6),
        'circle-stroke-color': colour('--accent-line'), 'circle-stroke-width': byZoom(1.4, 2.6) } },
  ];
}

function names(colour: Colour): LayerSpecification {
  return { id: 'street-names', type: 'symbol', source: 'streets', minzoom: 15.2,
    layout: { 'symbol-placement': 'line', 'symbol-spacing': 420, 'text-field': ['get', 'name'],
      'text-font': LABEL_FONT, 'text-size': 12, 'text-max-angle': 30, 'text-padding': 8 },
    paint: { 'text-color': colour('--map-label'), 'text-halo-color': colour('--map-road'),
      'text-halo-width': 1.6 } };
}

export function styleOf(colour: Colour, lat: number, dark: boolean): StyleSpecification {
  const sources = Object.fromEntries(SOURCES.map((name) =>
    [name, { type: 'geojson' as const, data: EMPTY }]));
  const fill: LayerSpecification = { id: 'chosen-fill', type: 'fill', source: 'chosen',
    paint: { 'fill-color': colour('--accent'), 'fill-opacity': 0.07 } };
  const edge: LayerSpecification = { id: 'chosen-edge', type: 'line', source: 'chosen',
    paint: { 'line-color': colour('--accent-line'), 'line-width': 1.5, 'line-opacity': 0.6 } };
  const bays: LayerSpecification = { id: 'bays', type: 'symbol', source: 'bays', minzoom: 15,
    layout: { 'icon-image': ['concat', 'bay-', ['get', 'state']], 'icon-allow-overlap': true,
      'icon-ignore-placement': true, 'icon-rotation-alignment': 'map',
      'icon-rotate': ['-', ['get', 'bearing_deg'], 90],
      'icon-size': ['interpolate', ['exponential', 2], ['zoom'], 15, 0.2, 17, 0.62, 18, 0.95, 19, 1.6] } };
  const ring: LayerSpecification = { id: 'bay-ring', type: 'circle', source: 'picked',
    filter: is('kind', 'bay'), paint: { 'circle-color': 'transparent', 'circle-radius': byZoom(7, 17),
      'circle-stroke-color': colour('--accent-line'), 'circle-stroke-width': 2.6 } };
  const planned: LayerSpecification = { id: 'planned', type: 'symbol', source: 'planned',
    layout: { 'icon-image': 'lamp-planned', 'icon-allow-overlap': true, 'icon-ignore-placement': true,
      'icon-size': byZoom(0.45, 1) } };
  return { version: 8, sources, layers: [...ground(colour, lat), fill, edge,
    ...light(colour, lat, dark), names(colour), bays, ring, ...lamps(colour), planned] };
}
